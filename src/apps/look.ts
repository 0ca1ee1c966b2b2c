/**
 * What both views look like. Colours and font are the host's where it names them (the specification's theming), else
 * our own; light or dark is the host's word, else the system's. The background is the host's.
 */
export const LOOK = `
:root { color-scheme: light dark;
  --ink: var(--color-text-primary, light-dark(#1c1c20, #ececf0));
  --soft: var(--color-text-secondary, light-dark(#55555e, #b4b4bd));
  --line: light-dark(rgb(0 0 0 / .13), rgb(255 255 255 / .16));
  --edge: light-dark(#85858f, #7d7d88);
  --panel: light-dark(rgb(0 0 0 / .035), rgb(255 255 255 / .05));
  --accent: light-dark(#a3174f, #ff7aa8); --on-accent: light-dark(#fff, #17171a);
  --good: light-dark(#1a6e3c, #6fd597); --warn: light-dark(#8a5300, #f0b35c); --bad: light-dark(#9b1c1c, #ff9c9c);
  --round: var(--border-radius-md, 8px); }
* { box-sizing: border-box; }
html, body { margin: 0; background: transparent; }
body { font: 14px/1.4 var(--font-sans, system-ui, sans-serif); color: var(--ink); }
main { padding: 12px; max-width: 840px; margin: 0 auto; }
h1, h2, p, ul { margin: 0; padding: 0; }
h1 { font-size: 16px; line-height: 24px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; min-width: 0; }
h2 { font-size: 12px; font-weight: 600; color: var(--soft); }
ul { list-style: none; }
.top { display: flex; align-items: center; gap: 8px; min-height: 28px; margin-bottom: 8px; }
.top .fill { flex: 1; min-width: 0; }
.soft { color: var(--soft); font-size: 12px; line-height: 16px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
button, select { font: inherit; font-size: 12px; line-height: 16px; min-height: 26px; padding: 4px 10px; color: inherit;
  background: transparent; border: 1px solid var(--edge); border-radius: var(--round); }
button { font-weight: 600; cursor: pointer; white-space: nowrap; }
button:hover { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); }
button[aria-disabled=true] { cursor: default; color: var(--soft); border-style: dashed; box-shadow: none; border-color: var(--edge); }
select option { color: #1c1c20; background: #fff; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.said:not(:empty) { margin-top: 8px; }
.said { font-size: 12px; line-height: 16px; max-height: 48px; overflow-y: auto; overflow-wrap: anywhere; }
.said[data-tone=bad] { border-left: 3px solid var(--bad); padding-left: 8px; }
.said[data-tone=good] { border-left: 3px solid var(--good); padding-left: 8px; }
.out { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
[hidden] { display: none !important; }
@media (prefers-reduced-motion: no-preference) { .dot, .level { transition: background-color .2s, box-shadow .2s; } }
`;
