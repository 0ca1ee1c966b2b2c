import { htmlOf, type Page } from "./page.ts";

const STYLE = `
.panels { display: grid; gap: 8px; }
@media (min-width: 520px) { .panels { grid-template-columns: 1fr 1fr; } }
.panel { border: 1px solid var(--line); border-radius: var(--round); background: var(--panel); padding: 10px 12px; }
.count { font-size: 13px; line-height: 36px; }
.count b { font-size: 28px; font-weight: 650; letter-spacing: -.02em; font-variant-numeric: tabular-nums; }
.nodes { display: flex; flex-wrap: wrap; gap: 5px; margin: 2px 0 8px; min-height: 18px; max-height: 64px; overflow: hidden; }
.node { width: 24px; height: 18px; border-radius: 4px; border: 1.5px dashed var(--edge); }
.node.ready { border: 1.5px solid var(--good); background: linear-gradient(var(--good), var(--good)) 4px 4px / 5px 5px no-repeat; }
.more { font-size: 12px; line-height: 18px; color: var(--soft); }
.tone { display: inline-flex; align-items: center; gap: 6px; font-size: 12px; line-height: 18px; font-weight: 600; min-width: 0; }
.tone::before { flex: none; width: 14px; text-align: center; content: "?"; }
.tone[data-tone=good]::before { content: "●"; } .tone[data-tone=good] { color: var(--good); }
.tone[data-tone=warn]::before { content: "▲"; } .tone[data-tone=warn] { color: var(--warn); }
.tone[data-tone=bad]::before { content: "✕"; } .tone[data-tone=bad] { color: var(--bad); }
.tone[data-tone=""] { color: var(--soft); }
.tone span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.top .tone { max-width: 40%; }
dd .tone { align-items: baseline; } dd .tone span { white-space: normal; overflow-wrap: anywhere; max-height: 54px; }
dl { margin: 0; }
dl div { display: flex; justify-content: space-between; gap: 12px; padding: 5px 0; border-top: 1px solid var(--line); }
dl div:first-child { border-top: 0; }
dt { font-size: 13px; white-space: nowrap; } dd { margin: 0; min-width: 0; display: flex; }
`;

const BODY = `<main>
<div class="top">
<div class="fill"><h1 id="name">Cluster</h1><p id="about" class="soft">Waiting for the home…</p></div>
<span id="status" class="tone" data-tone="" hidden></span>
<button id="refresh" type="button" hidden>Refresh</button>
</div>
<div id="panels" class="panels" hidden>
<section class="panel" aria-labelledby="nodes-title">
<h2 id="nodes-title">Nodes</h2>
<p id="count" class="count"></p>
<div id="nodes" class="nodes" aria-hidden="true"></div>
<p id="roles" class="soft"></p>
</section>
<section class="panel" aria-labelledby="health-title">
<h2 id="health-title">Health</h2>
<dl id="health"></dl>
</section>
</div>
<p id="said" class="said" role="status"></p>
</main>`;

const SCRIPT = `
/** So many nodes are drawn each for itself. */
const DRAWN = 24;

/** @type {Record<string, "good" | "warn" | "bad">} */
const TONES = {
  healthy: "good", ready: "good", active: "good", available: "good", running: "good", ok: "good",
  degraded: "warn", pending: "warn", provisioning: "warn", creating: "warn", updating: "warn", scaling: "warn", deprovisioning: "warn",
  unhealthy: "bad", unavailable: "bad", unreachable: "bad", not: "bad", error: "bad", failed: "bad", offline: "bad",
};

/** A state, by colour, sign and word. @param {HTMLElement} place @param {string} state */
function show(place, state) {
  // "not ready: etcd", "unreachable from this gateway": the first word says how it is.
  const [first = ""] = state.split(/[ :]/);
  place.className = "tone";
  place.dataset.tone = Object.hasOwn(TONES, first) ? TONES[first] : "";
  place.replaceChildren(element("span", { title: state }, state || "unknown"));
  place.hidden = false;
}

/** @param {number} count @param {string} one */
const several = (count, one) => count + " " + one + (count === 1 ? "" : "s");

/** @param {Bag} counts */
function showNodes(counts) {
  const [total, ready, masters, workers] = ["total", "ready", "masters", "workers"].map((name) => Number(counts[name]));
  if (total === undefined || ready === undefined || masters === undefined || workers === undefined) return;
  byId("count").replaceChildren(element("b", {}, ready + " of " + total), total === 1 ? " node ready" : " nodes ready");
  const drawn = Array.from({ length: Math.min(total, DRAWN) }, (_, index) =>
    element("span", { class: index < ready ? "node ready" : "node" }));
  if (total > DRAWN) drawn.push(element("span", { class: "more" }, "+" + (total - DRAWN)));
  byId("nodes").replaceChildren(...drawn);
  byId("roles").textContent = several(masters, "master") + " · " + several(workers, "worker");
}

/** @param {Bag} health */
function showHealth(health) {
  const rows = [["Cluster", health.status], ["API server", health.api_server], ["etcd", health.etcd]].map(([what, state]) => {
    const place = element("span", {});
    show(place, word(state));
    return element("div", {}, element("dt", {}, word(what)), element("dd", {}, place));
  });
  byId("health").replaceChildren(...rows);
}

/** What was asked, to ask it again. @type {Bag} */
let asked = {};

/** @param {Bag} result */
function draw(result) {
  const fault = faultOf(result);
  if (fault !== undefined) return refuse(fault);
  const { name, status, nodes, health, version, home } = valueOf(result);
  if (typeof name !== "string" || typeof nodes !== "object" || typeof health !== "object") {
    return say("This answer is not of a cluster.", "bad");
  }
  byId("name").replaceChildren(element("bdi", {}, name));
  byId("name").title = name;
  byId("about").textContent = "Home " + word(home) + (word(version) === "" ? "" : " · K3s " + word(version));
  show(byId("status"), word(status));
  showNodes(bag(nodes));
  showHealth(bag(health));
  byId("panels").hidden = false;
  byId("refresh").hidden = !mayCall;
  const silent = ["status", "api_server", "etcd"].every((part) => bag(health)[part] === "unknown");
  say(silent ? "This controller does not tell how Kubernetes itself is doing." : "");
}

/** @param {Fault} fault */
function refuse(fault) {
  const shown = !byId("panels").hidden;
  if (!shown) byId("about").textContent = "Nothing to show";
  say((shown ? "Still shown is the answer before. " : "") + sentencesOf(fault), "bad");
}

let asking = false;
byId("refresh").addEventListener("click", async () => {
  if (asking) return;
  asking = true;
  byId("refresh").setAttribute("aria-disabled", "true");
  say("Asking the home…");
  try {
    draw(await call("get_cluster_status", asked));
  } catch (error) {
    say("Your AI client did not pass this on: " + word(bag(error).message) + ". Still shown is the answer before.", "bad");
  }
  asking = false;
  byId("refresh").removeAttribute("aria-disabled");
});

connect("pimcp-cluster-status", {
  input: (args) => { asked = args; },
  result: draw,
}).catch(() => undefined);
`;

export const CLUSTER_PAGE: Page = { title: "Cluster status", style: STYLE, body: BODY, script: SCRIPT };

export const CLUSTER_HTML = htmlOf(CLUSTER_PAGE);
