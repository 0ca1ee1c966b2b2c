/**
 * A view's way to its host: JSON-RPC over postMessage, as far as these views need it (MCP Apps, 2026-01-26). Our own,
 * because the official client of ext-apps brings a schema library, and with it ten times the size of both views.
 *
 * Nothing here or in a view parses HTML: what comes from a home is put in as text.
 */
export const HOST = `
/** @typedef {Record<string, unknown>} Bag */
/** @typedef {{ type: string, message: string, suggestions: string[] }} Fault */

/** @param {unknown} value @returns {Bag} */
const bag = (value) => typeof value === "object" && value !== null ? /** @type {Bag} */ (value) : {};
/** @param {unknown} value @returns {string} */
const word = (value) => typeof value === "string" ? value : "";
/** @param {unknown} value @returns {unknown[]} */
const list = (value) => Array.isArray(value) ? value : [];

/**
 * An element; strings among its children become text.
 * @param {string} tag @param {Record<string, string>} [attributes] @param {(Node | string)[]} children
 */
function element(tag, attributes, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) made.setAttribute(name, value);
  made.append(...children);
  return made;
}
/** @param {string} id @returns {HTMLElement} */
function byId(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error("there is no #" + id);
  return found;
}

/** @type {Map<number, { resolve: (result: Bag) => void, reject: (error: Error) => void }>} */
const waiting = new Map();
let lastId = 0;

/** @param {Bag} message */
const post = (message) => window.parent.postMessage({ jsonrpc: "2.0", ...message }, "*");

/** Asks the host; it may take its time, for it may ask a person. @param {string} method @param {Bag} params @returns {Promise<Bag>} */
const ask = (method, params) => new Promise((resolve, reject) => {
  lastId += 1;
  waiting.set(lastId, { resolve, reject });
  post({ id: lastId, method, params });
});

/** @param {number} id @param {Bag} message */
function settle(id, message) {
  const asked = waiting.get(id);
  if (asked === undefined) return;
  waiting.delete(id);
  if (message.error === undefined) asked.resolve(bag(message.result));
  else asked.reject(new Error(word(bag(message.error).message) || "no reason given"));
}

/** Takes over what the host says of its looks. @param {Bag} context */
function dress(context) {
  const root = document.documentElement;
  if (context.theme === "light" || context.theme === "dark") root.style.colorScheme = context.theme;
  for (const [name, value] of Object.entries(bag(bag(context.styles).variables))) {
    if (/^--[a-z0-9-]+$/.test(name) && typeof value === "string") root.style.setProperty(name, value);
  }
}

/** Says a sentence below the view, where screen readers hear it. @param {string} text @param {"" | "good" | "bad"} [tone] */
function say(text, tone) {
  const said = byId("said");
  said.textContent = text;
  said.dataset.tone = tone ?? "";
  said.tabIndex = said.scrollHeight > said.clientHeight ? 0 : -1;
}

/** The first text of a tool's result. @param {Bag} result */
const textOf = (result) => word(bag(list(result.content)[0]).text);

/** @param {string} text @returns {unknown} */
function parsed(text) {
  try { return JSON.parse(text); } catch { return undefined; }
}

/** Why a call failed, if the gateway says so. @param {Bag} result @returns {Fault | undefined} */
function faultOf(result) {
  if (result.isError !== true) return undefined;
  const { type, message, suggestions } = bag(parsed(textOf(result)));
  return { type: word(type), message: word(message) || textOf(result) || "The call failed.", suggestions: list(suggestions).map(word) };
}
/** @param {Fault} fault */
const sentencesOf = ({ message, suggestions }) => [message, ...suggestions].join(" ");

/** What a tool answered; some hosts pass on its text alone. @param {Bag} result @returns {Bag} */
const valueOf = (result) => bag(result.structuredContent ?? parsed(textOf(result)));

/** Whether the host passes calls of tools on. */
let mayCall = false;
let mayTell = false;

/** Calls a tool of the same server through the host. @param {string} name @param {Bag} args */
const call = (name, args) => ask("tools/call", { name, arguments: args });

/** Leaves word for the model, of what a person did here. @param {string} text */
function tell(text) {
  if (mayTell) ask("ui/update-model-context", { content: [{ type: "text", text }] }).catch(() => undefined);
}

/**
 * Connects to the host.
 * @param {string} name
 * @param {{ input: (args: Bag) => void, result: (result: Bag) => void }} view
 */
async function connect(name, view) {
  /** @type {Record<string, (params: Bag) => void>} */
  const heard = {
    "ui/notifications/tool-input": (params) => view.input(bag(params.arguments)),
    "ui/notifications/tool-result": (params) => view.result(params),
    "ui/notifications/tool-cancelled": ({ reason }) => say("The call was cancelled. " + word(reason)),
    "ui/notifications/host-context-changed": dress,
  };
  window.addEventListener("message", ({ source, data }) => {
    if (source !== window.parent) return;
    const message = bag(data);
    const { id, method } = message;
    if (message.jsonrpc !== "2.0") return;
    if (typeof method !== "string") { if (typeof id === "number") settle(id, message); return; }
    if (id === undefined) { if (Object.hasOwn(heard, method)) heard[method]?.(bag(message.params)); return; }
    if (method === "ping" || method === "ui/resource-teardown") post({ id, result: {} });
    else post({ id, error: { code: -32601, message: "This view does not do " + method } });
  });
  const answer = await ask("ui/initialize", {
    protocolVersion: "2026-01-26",
    appInfo: { name, version: "1.0.0" },
    appCapabilities: { availableDisplayModes: ["inline"] },
  });
  const can = bag(answer.hostCapabilities);
  mayCall = can.serverTools !== undefined;
  mayTell = can.updateModelContext !== undefined;
  dress(bag(answer.hostContext));
  post({ method: "ui/notifications/initialized", params: {} });
  let height = 0;
  const main = document.getElementsByTagName("main")[0];
  if (main === undefined) return;
  new ResizeObserver(() => {
    const now = Math.ceil(main.getBoundingClientRect().height);
    if (now !== height) post({ method: "ui/notifications/size-changed", params: { height: now } });
    height = now;
  }).observe(main);
}
`;
