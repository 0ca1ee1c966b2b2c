import { page, windowOf } from "./bind.ts";
import { BAD_GATEWAY, type Demo, type DemoApp, type DemoContext, Refusal, refusal } from "./demo.ts";
import { changeDevice, createDevice, deviceId, deviceOf } from "./gpio-records.ts";
import { checkHold, reservationRoutes } from "./gpio-reservations.ts";
import { readWrite } from "./gpio-write.ts";
import { guard } from "./guard.ts";
import { drive, levelAt } from "./pins.ts";
import { forgetReadings, readingsOf, record } from "./readings.ts";
import { find, type GpioDevice, live } from "./state.ts";

/** Nodes whose dead agent was called, with the start of the process that has cached the client (contract 4.4). */
type DeadClients = Map<number, number>;

/** Refuses a call for a device whose agent is down; the second one ends a released controller. */
function checkAgent(demo: Demo, device: GpioDevice, dead: DeadClients, doing: "read" | "write"): void {
  const node = find(demo.world.nodes, device.node_id);
  if (node?.hidden.agent_up === true) return;
  if (demo.quirks.diesOfDeadAgents && dead.get(device.node_id) === demo.world.started_at) {
    demo.restart();
    throw new Refusal(502, BAD_GATEWAY);
  }
  dead.set(device.node_id, demo.world.started_at);
  if (demo.quirks.hidesReasons) throw refusal(500, `Failed to ${doing} GPIO device`);
  const name = node?.name ?? `node ${device.node_id}`;
  throw refusal(503, `The agent on ${name} does not answer, so there was no ${doing} of ${device.name}`);
}

function checkActive(demo: Demo, device: GpioDevice, doing: string): void {
  if (device.status === "active") return;
  const reason = `${device.name} is ${device.status}`;
  throw failed(demo, doing, reason);
}

function failed(demo: Demo, doing: string, reason: string): Refusal {
  return refusal(400, demo.quirks.hidesReasons ? `Failed to ${doing} GPIO device` : reason, "Validation Failed");
}

/** Reads the hardware, and remembers and answers the level. */
function read(demo: Demo, device: GpioDevice, dead: DeadClients) {
  checkActive(demo, device, "read");
  checkAgent(demo, device, dead, "read");
  const now = demo.now();
  const value = levelAt(demo.world, device, now);
  if (value !== device.value) {
    device.value = value;
    device.updated_at = now;
  }
  // An analog sensor's readings are the samples of its agent, not the level of its pin.
  if (device.device_type !== "analog") record(demo.world, device.id, value, now);
  demo.changed();
  // A released controller says when the value changed last, not when it was read (contract 4.4).
  const at = demo.quirks.readTimeIsChange ? device.updated_at : now;
  return { device_id: device.id, value, timestamp: demo.shapes.time(at) };
}

async function write(demo: Demo, c: DemoContext, dead: DeadClients) {
  const device = deviceOf(demo, c, "write");
  const { value, client_id } = await readWrite(demo, c);
  if (device.direction !== "output") throw failed(demo, "write", `${device.name} is an input and cannot be written`);
  checkActive(demo, device, "write");
  checkHold(demo, device, client_id);
  checkAgent(demo, device, dead, "write");
  const now = demo.now();
  drive(demo.world, device.node_id, device.pin_number, value > 0 ? 1 : 0);
  if (value !== device.value) device.updated_at = now;
  // The database keeps the number as sent, such as -1, until the next read (contract 4.4).
  device.value = value;
  record(demo.world, device.id, value, now);
  demo.changed();
  return { device_id: device.id, value };
}

function listed(demo: Demo, c: DemoContext): GpioDevice[] {
  const node = c.req.query("node_id") ?? "";
  const rows = live(demo.world.devices);
  if (node === "" || demo.quirks.ignoresFilters) return rows;
  if (!/^\d+$/.test(node)) throw refusal(400, "node_id must be a number");
  return rows.filter((device) => device.node_id === Number(node));
}

function readings(demo: Demo, c: DemoContext) {
  const known = find(demo.world.devices, deviceId(c));
  const device = demo.quirks.ignoresMissing ? known : deviceOf(demo, c, "get");
  const all = device === undefined ? [] : readingsOf(demo.world, device, demo.now());
  const data = page(all, windowOf(c, 100)).map((reading) => demo.shapes.reading(reading));
  return { data, count: data.length, total: all.length };
}

function deleteDevice(demo: Demo, device: GpioDevice): void {
  const { world } = demo;
  device.deleted_at = demo.now();
  forgetReadings(world, device.id);
  world.reservations = world.reservations.filter((hold) => hold.gpio_id !== device.id);
  demo.changed();
}

/** `/api/v1/gpio` (contract 4.4). */
export function gpioRoutes(app: DemoApp, demo: Demo): void {
  const { world, shapes } = demo;
  const path = "/api/v1/gpio";
  const dead: DeadClients = new Map();
  const viewer = guard(demo, "viewer", "gpio");
  const operator = guard(demo, "operator", "gpio");
  // Before the routes with an id, so that "reservations" is not taken for one.
  if (demo.quirks.dialect === "documented") reservationRoutes(app, demo);
  app.get(path, viewer, (c) => {
    const rows = listed(demo, c);
    const data = page(rows, windowOf(c)).map((device) => shapes.device(world, device, demo.now()));
    return c.json({ data, count: data.length, total: rows.length });
  });
  app.post(path, operator, async (c) => {
    return c.json({ data: shapes.newDevice(world, await createDevice(demo, c), demo.now()) }, 201);
  });
  app.get(`${path}/:id`, viewer, (c) => c.json({ data: shapes.device(world, deviceOf(demo, c, "get"), demo.now()) }));
  app.put(`${path}/:id`, operator, async (c) => {
    const device = await changeDevice(demo, c, deviceOf(demo, c, "update"));
    return c.json({ data: shapes.device(world, device, demo.now()) });
  });
  app.delete(`${path}/:id`, guard(demo, "admin", "gpio"), (c) => {
    deleteDevice(demo, deviceOf(demo, c, "delete"));
    return c.body(null, 204);
  });
  app.post(`${path}/:id/read`, viewer, (c) => c.json({ data: read(demo, deviceOf(demo, c, "read"), dead) }));
  app.post(`${path}/:id/write`, operator, async (c) => {
    return c.json({ status: "success", data: await write(demo, c, dead) });
  });
  app.get(`${path}/:id/readings`, viewer, (c) => c.json(readings(demo, c)));
}
