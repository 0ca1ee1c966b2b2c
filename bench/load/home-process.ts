import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { z } from "zod";
import { createDemoApp } from "../../src/demo/app.ts";
import { hashPassword } from "../../src/demo/passwords.ts";
import type { GpioDevice, World } from "../../src/demo/state.ts";
import { createWorld, restartController } from "../../src/demo/world.ts";
import { type CastHome, type CastPerson, castOf, HOMES_CAST, LATENCY_MS, PASSWORD } from "./cast.ts";
import { type HomeWrite, Order } from "./homes.ts";
import type { Mood } from "./moods.ts";

/** Plays the homes: each a whole pi-controller at a port of its own, in a mood that can be set. */

/** An answer that comes late comes this much later, in milliseconds. */
const SLOW_MS = 1500;

/** Installations run so many times faster than on real Pis, where they take minutes. */
const TIME_SCALE = 10;

/** Nodes whose agents are there, and pins of theirs where nothing is yet. */
const NODES = [1, 2, 3, 4, 5, 6, 7, 9, 10];
const LIGHT_PINS = [19, 20, 21];
const PUMP_PIN = 26;

let requests = 0;
const writes: HomeWrite[] = [];

function output(id: number, place: number, pin: number): GpioDevice {
  const now = Date.now();
  return {
    id,
    created_at: now,
    updated_at: now,
    deleted_at: null,
    node_id: NODES[place % NODES.length] ?? 1,
    name: `output-${id}`,
    description: "",
    pin_number: pin,
    direction: "output",
    pull_mode: "none",
    device_type: "digital",
    status: "active",
    value: 0,
    config: {},
  };
}

/** The demo home, with the people who live there and what they switch. */
function worldOf(people: readonly CastPerson[], password: string): World {
  const now = Date.now();
  const world = createWorld(now);
  for (const { username, role, place, light, pump } of people) {
    world.users.push({
      id: 100 + place,
      username,
      email: `${username}@home.example`,
      role,
      first_name: "",
      last_name: "",
      is_active: true,
      last_login: null,
      created_at: now,
      password,
      failed_logins: 0,
      locked_until: null,
    });
    world.devices.push(output(light, place, LIGHT_PINS[Math.floor(place / NODES.length)] ?? 0));
    if (pump !== undefined) world.devices.push(output(pump, place, PUMP_PIN));
  }
  return world;
}

const Write = z.object({ value: z.number() });
const Deployed = z.object({ pod_spec: z.object({ metadata: z.object({ name: z.string() }) }) });

type What = Pick<HomeWrite, "what" | "value">;

/** The writes that are counted: method, path, and what each is called by its path and body. */
const WRITES: readonly (readonly [string, RegExp, (part: string, body: unknown) => What])[] = [
  [
    "POST",
    /^\/api\/v1\/gpio\/(\d+)\/write$/,
    (device, body) => ({ what: `gpio ${device}`, value: Write.parse(body).value > 0 ? 1 : 0 }),
  ],
  [
    "POST",
    /^\/api\/v1\/deployments\/pods$/,
    (_, body) => ({ what: `pod ${Deployed.parse(body).pod_spec.metadata.name}`, value: 0 }),
  ],
  ["DELETE", /^\/api\/v1\/deployments\/clusters\/\d+\/pods\/([^/]+)$/, (pod) => ({ what: `no pod ${pod}`, value: 0 })],
  ["POST", /^\/api\/v1\/nodes\/(\d+)\/provision$/, (node) => ({ what: `install ${node}`, value: 0 })],
];

/** What a request writes; `undefined` if nothing that is counted. */
async function writeOf(request: Request): Promise<What | undefined> {
  const { pathname } = new URL(request.url);
  for (const [method, path, name] of WRITES) {
    const match = request.method === method ? path.exec(pathname) : null;
    // oxlint-disable-next-line no-await-in-loop -- once, and then it is over
    if (match !== null) return name(match[1] ?? "", method === "POST" ? await request.clone().json() : undefined);
  }
  return undefined;
}

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** One home that listens. */
class PlayedHome {
  readonly #home: CastHome;
  readonly #world: World;
  readonly #listener: (request: IncomingMessage, response: ServerResponse) => Promise<void>;
  #server: Server;
  #mood: Mood | "well" = "well";
  #port = 0;

  constructor(home: CastHome, people: readonly CastPerson[], password: string) {
    this.#home = home;
    this.#world = worldOf(people, password);
    const app = createDemoApp({
      world: this.#world,
      dialect: home.dialect,
      latencyMs: LATENCY_MS,
      timeScale: TIME_SCALE,
    });
    this.#listener = getRequestListener(async (request, { incoming }) => {
      const write = await writeOf(request);
      const response = await app.fetch(request);
      if (write !== undefined && response.ok) writes.push({ home: home.index, ...write, at: Date.now() });
      // It is done, and nobody is told.
      if (this.#mood === "cut-off") incoming.socket.destroy();
      return response;
    });
    this.#server = this.#newServer();
  }

  #newServer(): Server {
    const server = createServer((request, response) => void this.#answer(request, response));
    // An idle connection that is closed under a request would look like an outage.
    server.keepAliveTimeout = 600_000;
    return server;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    requests += 1;
    const mood = this.#mood;
    if (mood === "silent") return;
    if (mood === "tunnel") {
      response.writeHead(530, { "content-type": "text/html" }).end("<h1>error code: 1033</h1>");
      return;
    }
    if (mood === "slow") await wait(SLOW_MS);
    await this.#listener(request, response);
  }

  listen(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#port, "127.0.0.1", () => {
        const address = this.#server.address();
        if (typeof address === "object" && address !== null) this.#port = address.port;
        resolve(this.#port);
      });
    });
  }

  /** Goes into a mood. Whoever still waits for the one before is cut off. */
  async set(mood: Mood | "well"): Promise<void> {
    const before = this.#mood;
    this.#mood = mood;
    if (mood === "restarted") restartController(this.#world, Date.now());
    if (before === "silent" || mood === "restarted" || mood === "refused") this.#server.closeAllConnections();
    if (mood === "refused") await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    if (before === "refused") {
      this.#server = this.#newServer();
      await this.listen();
    }
  }

  /** The outputs of its people that are on. */
  high(): string[] {
    const { devices, levels } = this.#world;
    return devices
      .filter(({ id, node_id, pin_number }) => id >= 100 && levels[`${node_id}:${pin_number}`] === 1)
      .map(({ id }) => `${this.#home.index} gpio ${id}`);
  }
}

async function main(): Promise<void> {
  const password = await hashPassword(PASSWORD);
  const people = castOf(Number(process.argv[2]));
  const homes = HOMES_CAST.map((home) => {
    const own = people.filter((each) => each.home === home);
    return new PlayedHome(home, own, password);
  });
  const ports = await Promise.all(homes.map((home) => home.listen()));
  process.on("message", (message) => {
    const order = Order.parse(message);
    if (order.do === "tell") {
      process.send?.({ say: "told", requests, writes, high: homes.flatMap((home) => home.high()) });
      return;
    }
    const { home, mood } = order;
    void homes[home]?.set(mood).then(() => process.send?.({ say: "set", home }));
  });
  process.on("disconnect", () => process.exit(0));
  process.send?.({ say: "ready", ports });
}

await main();
