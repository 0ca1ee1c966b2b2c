import { bcmAt, powerAt } from "../pi/schemas/header.ts";
import { literal } from "./page.ts";

/** What each of the 40 positions carries, in their order. */
const PINS = Array.from({ length: 40 }, (_, index) => {
  const bcm = bcmAt(index + 1);
  return bcm === null ? (powerAt(index + 1) ?? "").replace(" power", "") : bcm;
});

/**
 * A level is drawn only as an answer of the home told it. While a pin is being switched, and whenever it is not sure
 * whether that was done, its level is not known.
 */
export const HEADER_SCRIPT = `
/** @typedef {{ id: number, node: number, bcm: number | null, position: number | null, name: string, mode: string,
 *   level: 0 | 1 | null, how: string, held: string, busy: boolean }} Device */

/** A BCM number, or what a position carries instead. @type {(number | string)[]} */
const PINS = ${literal(PINS)};

/** @type {Record<string, string>} */
const POWER = { "3.3 V": "three", "5 V": "five", ground: "ground" };

/** Refusals after which everything is as it was; after any other failure the level is not known. */
const UNCHANGED = new Set(["forbidden", "unauthorized", "token_expired", "invalid_input", "not_found", "conflict"]);

const LEVELS = ["LOW", "HIGH"];

/** @type {Device[]} */
let devices = [];
/** The node that is shown. */
let node = 0;
/** What was asked, to ask it again. @type {Bag} */
let asked = {};
let home = "";
let refreshing = false;

/** @param {unknown} value @returns {0 | 1 | null} */
const levelOf = (value) => value === 0 || value === 1 ? value : null;
/** @param {unknown} value @returns {number | null} */
const numberOf = (value) => typeof value === "number" ? value : null;

/** Who holds the pin, as far as the answer tells. @param {Bag} device */
function holdOf({ reserved, reservation }) {
  const { holder } = bag(reservation);
  if (typeof holder === "string") return "reserved by " + holder;
  return reserved === true ? "reserved" : "";
}

/** @param {unknown} sent @returns {Device[]} */
function deviceOf(sent) {
  const device = bag(sent);
  const { id, node_id, name, mode } = device;
  if (typeof id !== "number" || typeof node_id !== "number") return [];
  return [{
    id, node: node_id, bcm: numberOf(device.pin_number), position: numberOf(device.header_pin), name: word(name) || "device " + id,
    mode: word(mode), level: levelOf(device.current_value), how: "last known", held: holdOf(device), busy: false,
  }];
}

/** @param {Device} device */
const pinOf = ({ bcm, position }) => (bcm === null ? "" : "GPIO " + bcm + " · ") + (position === null ? "not on the header" : "pin " + position);
/** @param {Device} device */
const levelText = ({ level }) => level === null ? "?" : LEVELS[level] ?? "?";

/** Those of the shown node, in the order of the header. */
const shown = () => devices.filter((device) => device.node === node).sort((a, b) => (a.position ?? 99) - (b.position ?? 99));

/** @param {number} position @param {Device | undefined} device */
function nameCell(position, device) {
  const carries = PINS[position - 1];
  const side = position % 2 === 1 ? " left" : "";
  const label = typeof carries === "number" ? "GPIO " + carries : String(carries);
  if (device === undefined) return element("td", { class: "name" + side }, label);
  const name = element("bdi", {}, device.name);
  return element("td", { class: "name used" + side, title: device.name }, ...(side === "" ? [label, " ", name] : [name, " ", label]));
}

/** @param {number} position @param {Device | undefined} device */
function pinCell(position, device) {
  const carries = PINS[position - 1];
  const kind = typeof carries === "string" ? " " + POWER[carries] : "";
  const dot = element("span", { class: "dot" + (device === undefined ? kind : " used") }, String(position));
  if (device === undefined) return element("td", {}, dot);
  dot.dataset.level = device.level === null ? "" : String(device.level);
  return element("td", {}, dot, element("span", { class: "out" }, " " + device.name + " " + levelText(device)));
}

function drawHeader() {
  const at = new Map(shown().map((device) => [device.position, device]));
  const rows = Array.from({ length: 20 }, (_, row) => {
    const [left, right] = [2 * row + 1, 2 * row + 2];
    return element("tr", {}, nameCell(left, at.get(left)), pinCell(left, at.get(left)), pinCell(right, at.get(right)), nameCell(right, at.get(right)));
  });
  byId("pins").replaceChildren(...rows);
}

/** What a click on a device's button does; nothing, if it has none. @param {Device} device */
function actionOf(device) {
  if (!mayCall) return undefined;
  if (device.level === null) return { label: "Read", run: () => read(device) };
  if (device.mode !== "output") return undefined;
  const wanted = device.level === 1 ? 0 : 1;
  return { label: "Set " + LEVELS[wanted], run: () => write(device, wanted) };
}

/** Fills in a device's card, which stays the same element, and so keeps the focus. @param {Device} device */
function update(device) {
  const card = document.getElementById("device-" + device.id);
  if (card === null) return;
  const [level, what, about, button] = card.children;
  if (!(level instanceof HTMLElement) || !(button instanceof HTMLButtonElement) || what === undefined || about === undefined) return;
  level.textContent = device.busy ? "…" : levelText(device);
  level.dataset.level = device.level === null ? "" : String(device.level);
  what.replaceChildren(element("bdi", {}, device.name));
  about.textContent = [pinOf(device), device.mode, device.busy ? "asking" : device.how, device.held].filter((part) => part !== "").join(" · ");
  const action = actionOf(device);
  button.hidden = action === undefined && !device.busy;
  // While it is asked, the button keeps its words, and does nothing.
  if (action !== undefined && !device.busy) button.replaceChildren(action.label, element("span", { class: "out" }, " " + device.name));
  if (device.busy) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
  drawHeader();
}

/** @param {Device} device */
function cardOf(device) {
  const button = element("button", { type: "button" });
  button.addEventListener("click", () => { if (!device.busy && !refreshing) actionOf(device)?.run(); });
  return element("li", { class: "device", id: "device-" + device.id }, element("span", { class: "level" }),
    element("span", { class: "what", title: device.name }), element("span", { class: "soft" }), button);
}

function drawNode() {
  const here = shown();
  byId("cards").replaceChildren(...here.map(cardOf));
  byId("empty").hidden = here.length > 0;
  byId("caption").textContent = "The 40-pin header of node " + node;
  drawHeader();
  for (const device of here) update(device);
  const place = byId("devices");
  place.tabIndex = place.scrollHeight > place.clientHeight ? 0 : -1;
}

/** @param {Device} device @param {0 | 1 | null} level @param {string} how */
function know(device, level, how) {
  device.level = level;
  device.how = how;
  device.busy = false;
  update(device);
}

/** Asks for one device; while it is not answered, its level is not known. @param {Device} device @param {string} tool @param {Bag} more */
async function askFor(device, tool, more) {
  device.level = null;
  device.busy = true;
  update(device);
  const result = await call(tool, { ...(asked.home === undefined ? {} : { home }), gpio_id: device.id, ...more });
  const value = valueOf(result);
  const fits = result.isError !== true && value.gpio_id === device.id && value.home === home;
  return { fault: faultOf(result), level: fits ? levelOf(value.value) : null };
}

const NOT_SURE = " It is not known whether the pin was switched: read it.";

/** @param {Device} device @param {0 | 1} wanted */
async function write(device, wanted) {
  const { level: before, how, name } = device;
  say("Asking to set " + name + " to " + LEVELS[wanted] + ". Your AI client may want your consent first.");
  try {
    const { fault, level } = await askFor(device, "write_gpio_pin", { value: wanted });
    if (fault !== undefined) {
      const unchanged = UNCHANGED.has(fault.type);
      know(device, unchanged ? before : null, unchanged ? how : "not known");
      return say(sentencesOf(fault) + (unchanged ? "" : NOT_SURE), "bad");
    }
    know(device, level, level === null ? "not known" : "just confirmed");
    if (level === null) return say("The answer does not say which level " + name + " has." + NOT_SURE, "bad");
    say(name + " is " + LEVELS[level] + ", as the home confirmed.", level === wanted ? "good" : "bad");
    tell("In the view of the 40-pin header, the person set GPIO device " + device.id + " to " + LEVELS[level] + ".");
  } catch (error) {
    know(device, null, "not known");
    say("Your AI client did not bring an answer: " + word(bag(error).message) + "." + NOT_SURE, "bad");
  }
}

/** @param {Device} device */
async function read(device) {
  try {
    const { fault, level } = await askFor(device, "read_gpio_pin", {});
    know(device, level, level === null ? "not known" : "just read");
    if (fault !== undefined) say(sentencesOf(fault), "bad");
    else say(level === null ? "The answer does not say a level." : device.name + " is " + LEVELS[level] + ".");
  } catch (error) {
    know(device, null, "not known");
    say("Your AI client did not bring an answer: " + word(bag(error).message) + ".", "bad");
  }
}

/** @param {number[]} nodes */
function offerNodes(nodes) {
  const choice = /** @type {HTMLSelectElement} */ (byId("node"));
  choice.replaceChildren(...nodes.map((id) => element("option", { value: String(id) }, "Node " + id)));
  choice.value = String(node);
  choice.hidden = nodes.length < 2;
}

/** @param {Bag} result */
function draw(result) {
  const fault = faultOf(result);
  if (fault !== undefined) {
    if (devices.length === 0) byId("about").textContent = "Nothing to show";
    return say(sentencesOf(fault), "bad");
  }
  const value = valueOf(result);
  if (!Array.isArray(value.gpio_devices)) return say("This answer is not of GPIO devices.", "bad");
  devices = value.gpio_devices.flatMap(deviceOf);
  home = word(value.home);
  const nodes = [...new Set(devices.map((device) => device.node))].sort((a, b) => a - b);
  if (!nodes.includes(node)) node = numberOf(asked.node_id) ?? nodes[0] ?? 0;
  byId("name").textContent = nodes.length === 1 ? "GPIO header of node " + node : "GPIO header";
  const count = devices.length + (devices.length === 1 ? " device" : " devices");
  byId("about").textContent = "Home " + home + " · " + count + (typeof value.next_offset === "number" ? " of " + Number(value.total) : "");
  offerNodes(nodes);
  byId("refresh").hidden = !mayCall;
  byId("header").hidden = false;
  byId("devices").hidden = false;
  drawNode();
  say(mayCall || devices.length === 0 ? "" : "Your AI client lets this view show pins, not switch them.");
}

byId("node").addEventListener("change", ({ target }) => {
  if (target instanceof HTMLSelectElement) node = Number(target.value);
  drawNode();
});

byId("refresh").addEventListener("click", async () => {
  if (refreshing || devices.some(({ busy }) => busy)) return;
  refreshing = true;
  byId("refresh").setAttribute("aria-disabled", "true");
  say("Asking the home…");
  try {
    draw(await call("list_gpio_devices", asked));
  } catch (error) {
    say("Your AI client did not bring an answer: " + word(bag(error).message) + ". Still shown is the one before.", "bad");
  }
  refreshing = false;
  byId("refresh").removeAttribute("aria-disabled");
});

connect("pimcp-gpio-header", {
  input: (args) => { asked = args; },
  result: draw,
}).catch(() => undefined);
`;
