import { CONSOLE_STYLE } from "./console/style.ts";

/** The one stylesheet of all pages: light and dark, from a phone's width up. */
export const STYLE = `
:root { color-scheme: light dark; --accent: light-dark(#a3174f, #ff7aa8); --line: light-dark(#c9c9cf, #4a4a52);
  --edge: light-dark(#85858f, #7d7d88);
  --soft: light-dark(#f4f4f6, #232328); --bad: light-dark(#9b1c1c, #ff9c9c);
  --good: light-dark(#2c7a4b, #5fc58a); --warm: light-dark(#b35c00, #f0a54a); --cold: light-dark(#2a6fb0, #6fb1ec);
  --cold-soft: light-dark(#eaf3fb, #1a2733); --cold-text: light-dark(#1f5c96, #8cc3f5); --board: light-dark(#f1f6f2, #1b221e); }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; background: light-dark(#fff, #17171a); color: light-dark(#1c1c20, #ececf0); }
header, main { max-width: 36rem; margin: 0 auto; padding: 1.25rem; }
header { display: flex; align-items: center; gap: .6rem; padding-bottom: 0; font-weight: 600; }
main { padding-bottom: 3rem; }
h1 { font-size: clamp(1.35rem, 5vw, 1.6rem); line-height: 1.25; overflow-wrap: anywhere; text-wrap: balance; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
code { font-family: ui-monospace, monospace; background: var(--soft); padding: .15rem .35rem; border-radius: .25rem; overflow-wrap: anywhere; }
pre { font: .8rem/1.6 ui-monospace, monospace; background: var(--soft); margin: .5rem 0; padding: .75rem; border-radius: .4rem;
  white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; }
label, legend { font-weight: 600; }
fieldset { border: 1px solid var(--line); border-radius: .5rem; margin: 1.25rem 0; padding: .5rem 1rem; }
.choice { display: flex; gap: .6rem; align-items: baseline; padding: .4rem 0; font-weight: 400; cursor: pointer; }
.choice input { accent-color: var(--accent); }
.field { margin: 1rem 0; }
.field textarea { resize: vertical; }
.field :is(input, select, textarea) { display: block; width: 100%; margin-top: .25rem; padding: .6rem; font: inherit; color: inherit; background: light-dark(#fff, #17171a); border: 1px solid var(--edge); border-radius: .4rem; }
button { font: inherit; font-weight: 600; padding: .65rem 1.25rem; border-radius: .4rem; border: 1px solid var(--accent); cursor: pointer; background: transparent; color: inherit; }
button.primary { background: var(--accent); color: light-dark(#fff, #17171a); }
a.button { display: inline-block; font-weight: 600; padding: .65rem 1.25rem; border-radius: .4rem; border: 1px solid var(--accent); text-decoration: none; color: inherit; }
.ways { list-style: none; padding: 0; display: grid; gap: .75rem; }
.card { border: 1px solid var(--line); border-radius: .5rem; padding: 0 1rem 1rem; margin: 1.25rem 0; }
.card h2 { margin-top: 1rem; }
@media (min-width: 30rem) { .card dl { display: grid; grid-template-columns: auto 1fr; gap: .4rem 1.25rem; } .card dd { margin: 0; } }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0 1.5rem; }
:hover:is(button, a.button) { box-shadow: inset 0 0 0 1px var(--accent); }
[tabindex="-1"] { outline: none; }
:focus-visible:not([tabindex="-1"]) { outline: 3px solid var(--accent); outline-offset: 2px; }
.problem { border-left: 4px solid var(--bad); background: var(--soft); padding: .75rem 1rem; }
.note { border-left: 4px solid var(--line); padding: .25rem 1rem; }
.hint { color: light-dark(#55555e, #b4b4bd); font-size: .9rem; }
.card :is(h3, h4) { margin-bottom: .5rem; overflow-wrap: anywhere; }
.card form { margin: 1rem 0; }
.actions form { margin: 0; }
.words { white-space: pre-line; overflow-wrap: anywhere; }
.danger { border-left: 4px solid var(--accent); padding: .25rem 1rem; }
.code { font: 600 1.4rem/1.3 ui-monospace, monospace; }
.capability { border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.ending { border-top: 1px solid var(--line); margin-top: 1rem; }
summary { cursor: pointer; font-weight: 600; padding: .5rem 0; }
.further { border: 1px solid var(--line); border-radius: .5rem; margin: 1.25rem 0; padding: .25rem 1rem; }
.further button { margin-bottom: .75rem; }
a { color: var(--accent); }
dt { font-weight: 600; } dd { margin: 0 0 .75rem; overflow-wrap: anywhere; }
${CONSOLE_STYLE}`;
