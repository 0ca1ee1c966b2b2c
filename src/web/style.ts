/** The one stylesheet of all pages: light and dark, from a phone's width up. */
export const STYLE = `
:root { color-scheme: light dark; --accent: light-dark(#a3174f, #ff7aa8); --line: light-dark(#c9c9cf, #4a4a52);
  --soft: light-dark(#f4f4f6, #232328); --bad: light-dark(#9b1c1c, #ff9c9c); }
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; background: light-dark(#fff, #17171a); color: light-dark(#1c1c20, #ececf0); }
main { max-width: 34rem; margin: 0 auto; padding: 2rem 1.25rem; }
h1 { font-size: 1.5rem; line-height: 1.25; }
h2 { font-size: 1.1rem; margin-top: 2rem; }
code, output { font-family: ui-monospace, monospace; background: var(--soft); padding: .15rem .35rem; border-radius: .25rem; overflow-wrap: anywhere; }
pre { background: var(--soft); padding: .75rem; border-radius: .4rem; overflow-x: auto; }
label, legend { font-weight: 600; }
fieldset { border: 1px solid var(--line); border-radius: .5rem; margin: 1.25rem 0; padding: .5rem 1rem; }
.choice { display: flex; gap: .6rem; align-items: baseline; padding: .4rem 0; font-weight: 400; }
.field { margin: 1rem 0; }
.field input, .field select { display: block; width: 100%; margin-top: .25rem; padding: .6rem; font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: .4rem; }
button { font: inherit; font-weight: 600; padding: .65rem 1.25rem; border-radius: .4rem; border: 1px solid var(--accent); cursor: pointer; background: transparent; color: inherit; }
button.primary { background: var(--accent); color: light-dark(#fff, #17171a); }
a.button { display: inline-block; font-weight: 600; padding: .65rem 1.25rem; border-radius: .4rem; border: 1px solid var(--accent); text-decoration: none; color: inherit; }
.ways { list-style: none; padding: 0; display: grid; gap: .75rem; }
.card { border: 1px solid var(--line); border-radius: .5rem; padding: 0 1rem 1rem; margin: 1.25rem 0; }
.card h2 { margin-top: 1rem; }
.actions { display: flex; flex-wrap: wrap; gap: .75rem; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.problem { border-left: 4px solid var(--bad); background: var(--soft); padding: .75rem 1rem; }
.note { border-left: 4px solid var(--line); padding: .25rem 1rem; }
.hint { color: light-dark(#55555e, #b4b4bd); font-size: .9rem; }
summary { cursor: pointer; font-weight: 600; padding: .5rem 0; }
a { color: var(--accent); }
dt { font-weight: 600; } dd { margin: 0 0 .75rem; overflow-wrap: anywhere; }
`;
