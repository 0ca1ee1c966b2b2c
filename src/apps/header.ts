import { HEADER_STYLE } from "./header-look.ts";
import { HEADER_SCRIPT } from "./header-script.ts";
import { htmlOf, type Page } from "./page.ts";

const BODY = `<main>
<div class="top">
<div class="fill"><h1 id="name">GPIO header</h1><p id="about" class="soft">Waiting for the home…</p></div>
<select id="node" aria-label="Node" hidden></select>
<button id="refresh" type="button" hidden>Refresh</button>
</div>
<div class="both">
<table id="header" hidden>
<caption id="caption" class="out">The 40-pin header</caption>
<thead class="out"><tr><th scope="col">Left, carries</th><th scope="col">Pin</th><th scope="col">Pin</th><th scope="col">Right, carries</th></tr></thead>
<tbody id="pins"></tbody>
</table>
<div class="side">
<section id="devices" class="devices" aria-label="Devices" hidden>
<p id="empty" class="empty">No GPIO device is registered here.</p>
<ul id="cards"></ul>
</section>
<p id="said" class="said" role="status"></p>
</div>
</div>
</main>`;

export const HEADER_PAGE: Page = { title: "40-pin header", style: HEADER_STYLE, body: BODY, script: HEADER_SCRIPT };

export const HEADER_HTML = htmlOf(HEADER_PAGE);
