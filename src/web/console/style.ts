/** What the console needs beside the style of all pages. */
export const CONSOLE_STYLE = `
.wide > main { max-width: 72rem; } .wide > main:not(.wide) > * { max-width: 36rem; }
time { white-space: nowrap; }
.wide > header { flex-wrap: wrap; gap: .25rem 1.5rem; padding-bottom: .75rem; border-bottom: 1px solid var(--line); max-width: none; padding-inline: max(1.25rem, 50% - 34.75rem); }
.brand { display: flex; align-items: center; gap: .6rem; min-height: 2rem; color: inherit; text-decoration: none; }
nav ul { display: flex; flex-wrap: wrap; gap: 0 .25rem; list-style: none; margin: 0; padding: 0; }
nav a { display: block; padding: .3rem .6rem; border-radius: .4rem; font-weight: 500; color: inherit; text-decoration: none; }
nav a:hover { background: var(--soft); }
nav a[aria-current] { color: var(--accent); box-shadow: inset 0 -2px var(--accent); border-radius: .4rem .4rem 0 0; }
@media (max-width: 40rem) { nav { order: 1; flex-basis: 100%; } nav ul { margin-inline: -.6rem; } }
.sign-out { display: flex; align-items: center; gap: .75rem; margin-left: auto; font-weight: 400; }
.sign-out button, :is(button, a.button).small { font-size: .875rem; font-weight: 500; padding: .3rem .75rem; border-color: var(--line); }
.skip:not(:focus) { position: absolute; transform: translateY(-200%); }
.skip { position: absolute; background: var(--soft); padding: .5rem 1rem; z-index: 1; }
.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.crumb { margin: .5rem 0 -.5rem; font-size: .9rem; }
.lead { color: light-dark(#3d3d45, #c6c6ce); max-width: 46rem; }
.panel { margin-top: 2.25rem; padding-top: .25rem; border-top: 1px solid var(--line); }
.panel > form, .panel > p, .panel > pre { max-width: 36rem; }
.chip { display: inline-flex; align-items: center; gap: .4em; font-size: .8rem; font-weight: 600; line-height: 1.4; padding: .05rem .6rem; border: 1px solid var(--line); border-radius: 1rem; white-space: nowrap; vertical-align: .05em; }
.chip::before { content: ""; width: .55em; height: .55em; border-radius: 50%; background: var(--edge); }
.chip.good::before { background: var(--good); }
.chip.bad { border-color: var(--bad); color: var(--bad); }
.chip.bad::before { border-radius: 1px; rotate: 45deg; background: var(--bad); }
.frozen { border: 1px solid var(--cold); border-left-width: 4px; border-radius: .4rem; background: var(--cold-soft); padding: .75rem 1rem; overflow-wrap: anywhere; }
.live-bar { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem 1rem; margin: .5rem 0 1rem; }
.live-bar .hint { margin: 0; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15.5rem, 100%), 1fr)); gap: 1rem; }
.cards .card { margin: 0; }
.card.home { padding-bottom: .25rem; } .cards:has(.home) { grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); }
.card :is(h2, h3) { overflow-wrap: anywhere; }
.card.pi h3 { margin: .9rem 0 .1rem; font-size: 1.05rem; }
.card.pi > .hint { margin: 0 0 .75rem; }
.card h3 a, .card h2 a { display: inline-block; min-height: 1.5rem; }
.links { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; padding: 0; }
.links a { display: inline-block; min-height: 1.5rem; }
.cluster > h2 { display: flex; flex-wrap: wrap; align-items: center; gap: .75rem; margin-bottom: .25rem; }
.cluster > .hint { margin: 0 0 .75rem; }
.measures, .card .measures { display: grid; grid-template-columns: 1fr; gap: .45rem 1.5rem; margin: 0; }
#vitals .measures { max-width: 46rem; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
.measure { display: grid; grid-template-columns: 1fr auto; align-items: baseline; gap: 0 .5rem; }
.measure dt { font-weight: 400; font-size: .85rem; color: light-dark(#55555e, #b4b4bd); }
.measure dd { margin: 0; white-space: nowrap; font-weight: 600; font-variant-numeric: tabular-nums; }
.measure svg { grid-column: 1 / -1; width: 100%; height: 4px; display: block; }
.track { fill: var(--line); } .fill { fill: var(--good); }
.measure.warm .fill { fill: var(--warm); } .measure.high .fill { fill: var(--bad); } .measure.high dd { color: var(--bad); }
.rows { list-style: none; padding: 0; margin: 0; }
.rows > li { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: center; gap: .5rem 1.5rem; padding: .75rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.rows > li:first-child { border-top: 0; }
.rows > li > div { flex: 1 1 16rem; }
.rows :is(h2, h3), .rows p { margin: .15rem 0; font-size: 1rem; }
.steps { font-size: .9rem; padding-left: 1.1rem; margin: .35rem 0 0; }
progress { width: min(100%, 24rem); height: .5rem; accent-color: var(--good); }
button.grave { border-color: var(--bad); color: var(--bad); }
.beside { display: grid; gap: 1rem 3rem; margin-top: 1.5rem; }
@media (min-width: 60rem) { .beside { grid-template-columns: minmax(0, 34rem) minmax(0, 1fr); } }
@media (min-width: 60rem) { #now { display: grid; grid-template-columns: 1fr 1fr; gap: 0 3rem; } }
.beside h2:first-child { margin-top: 0; }
.devices dt { margin-top: .5rem; } .devices .hint { font-weight: 400; }
table.header { border-collapse: collapse; width: 100%; table-layout: fixed; font-size: .85rem; line-height: 1.25; background: var(--board); border-radius: .75rem; overflow: hidden; }
table.header caption { caption-side: bottom; padding: .5rem; font-size: .85rem; color: light-dark(#55555e, #b4b4bd); }
table.header td { padding: .2rem .35rem; vertical-align: middle; overflow-wrap: anywhere; }
table.header tbody tr:first-child td { padding-top: .75rem; } table.header tbody tr:last-child td { padding-bottom: .75rem; }
table.header td.odd { text-align: right; }
table.header .pad-column { width: 2.4rem; }
table.header td.pads { padding-inline: 0; text-align: center; }
table.header td:first-child { padding-left: .75rem; } table.header td:last-child { padding-right: .75rem; }
.use { color: light-dark(#55555e, #b4b4bd); } .usual { display: block; font-size: .75rem; }
.device, .held { display: block; }
.held { color: var(--cold-text); font-weight: 600; }
.level.on { font-weight: 700; color: var(--accent); }
.pad { display: inline-grid; place-items: center; width: 1.75rem; height: 1.75rem; border-radius: 50%; font-size: .75rem; font-weight: 600; font-variant-numeric: tabular-nums; border: 2px solid var(--edge); background: transparent; }
.pad.power5 { background: #b3261e; border-color: #b3261e; color: #fff; border-radius: .3rem; }
.pad.power3 { background: #b35c00; border-color: #b35c00; color: #fff; border-radius: .3rem; }
.pad.ground { background: #3a3a40; border-color: #3a3a40; color: #fff; border-radius: .3rem; }
.pad.special { border-style: dotted; }
.pad.low, .pad.in { background: light-dark(#fff, #17171a); border-color: light-dark(#1c1c20, #ececf0); }
.pad.in { border-style: double; border-width: 4px; }
.pad.high { background: var(--accent); border-color: var(--accent); color: light-dark(#fff, #17171a); box-shadow: 0 0 0 3px color-mix(in srgb, var(--accent) 30%, transparent); }
.pad.locked { outline: 2px solid var(--cold); outline-offset: 2px; }
.legend { display: flex; flex-wrap: wrap; gap: .5rem 1.25rem; list-style: none; padding: 0; font-size: .85rem; }
.legend .pad { width: 1rem; height: 1rem; vertical-align: -.2em; margin-right: .25rem; }
.legend .pad.in { border-width: 3px; }
.filter { display: flex; flex-wrap: wrap; gap: 0 1rem; align-items: end; padding: .25rem 1rem; border: 1px solid var(--line); border-radius: .5rem; }
.filter .field { flex: 1 1 10rem; margin: .6rem 0; } .filter .field :is(input, select) { height: 2.75rem; }
.filter .actions { margin: .6rem 0; }
.entries { list-style: none; padding: 0; }
.entries > li { display: grid; gap: 0 1.25rem; padding: .55rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.entries p { margin: 0; }
@media (min-width: 48rem) { .entries > li { grid-template-columns: 13.5rem 5.5rem 1fr; align-items: baseline; } }
.changed { animation: changed 2.5s ease-out; }
@keyframes changed { from { background: color-mix(in srgb, var(--accent) 35%, transparent); } }
@media (prefers-reduced-motion: reduce) { .changed { animation: none; outline: 1px dashed var(--accent); } }
.copy { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; } .copy pre { flex: 1 1 16rem; }
.steps-of { border: 1px solid var(--line); border-radius: .5rem; padding: 0 1rem; margin: .5rem 0; }
.steps-of[open] { padding-bottom: .75rem; }
.steps-of ol { padding-left: 1.25rem; }
`;
