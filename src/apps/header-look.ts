/** Twenty rows of 18 pixels, so that the whole view stays below the 500 that hosts show inline. */
export const HEADER_STYLE = `
.both { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 12px; align-items: start; }
table { border-spacing: 0; border: 1px solid var(--line); border-radius: var(--round); background: var(--panel); padding: 6px 4px; }
td, th { padding: 0 2px; height: 18px; font-size: 10.5px; line-height: 18px; font-weight: 400; white-space: nowrap; }
td.name { color: var(--soft); max-width: 58px; overflow: hidden; text-overflow: ellipsis; padding: 0 4px; }
td.name.left { text-align: right; }
td.name.used { color: var(--ink); font-weight: 650; }
td.name bdi { display: none; }
.dot { display: block; width: 17px; height: 17px; margin: .5px auto; border-radius: 50%; text-align: center; font-size: 9px; line-height: 17px;
  font-variant-numeric: tabular-nums; background: light-dark(#e6e6ea, #34343b); color: light-dark(#4b4b54, #c6c6ce); }
.dot.ground { background: light-dark(#55555e, #0e0e10); color: #fff; box-shadow: inset 0 0 0 1px light-dark(transparent, #55555e); }
.dot.five { background: #b3372d; color: #fff; }
.dot.three { background: #b05d00; color: #fff; }
.dot.used { border-radius: 5px; background: transparent; color: var(--ink); box-shadow: inset 0 0 0 2px var(--accent); font-weight: 700; line-height: 17px; }
.dot.used[data-level="1"] { background: var(--accent); color: var(--on-accent); box-shadow: 0 0 6px 1px color-mix(in srgb, var(--accent) 55%, transparent); }
.dot.used[data-level=""] { box-shadow: none; outline: 2px dashed var(--accent); outline-offset: -2px; }
.both:has(> table[hidden]) { display: block; }
.side { display: flex; flex-direction: column; min-width: 0; max-height: 376px; }
.side .said { flex: none; max-height: 144px; }
.devices { min-height: 0; overflow-y: auto; padding: 2px; margin: -2px; }
.devices ul { display: grid; gap: 6px; }
.device { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 3px 8px; align-items: center; border: 1px solid var(--line);
  border-radius: var(--round); background: var(--panel); padding: 7px 8px; }
.device .what { font-size: 13px; line-height: 18px; font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.device .soft { grid-column: 1 / -1; font-size: 11px; white-space: normal; }
.device button { grid-column: 1 / -1; }
.level { font-size: 11px; line-height: 16px; font-weight: 700; width: 48px; text-align: center; padding: 1px 6px; border-radius: 99px;
  box-shadow: inset 0 0 0 1.5px var(--accent); }
.level[data-level="1"] { background: var(--accent); color: var(--on-accent); }
.level[data-level=""] { box-shadow: none; outline: 1.5px dashed var(--edge); outline-offset: -1.5px; color: var(--soft); }
.empty { font-size: 13px; color: var(--soft); padding: 8px 2px; }
@media (min-width: 520px) {
  td.name { max-width: 150px; min-width: 96px; font-size: 11.5px; }
  td.name.used { font-weight: 400; color: var(--soft); }
  td.name bdi { display: inline; margin: 0 3px; font-weight: 650; color: var(--ink); }
  .device { grid-template-columns: auto minmax(0, 1fr) auto; }
  .device .soft { grid-row: 2; grid-column: 2; white-space: nowrap; }
  .device button { grid-row: 1 / 3; grid-column: 3; }
}
`;
