import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { z } from "zod";
import { createDemoApp } from "../../../src/demo/app.ts";
import { createWorld, restartController } from "../../../src/demo/world.ts";
import { type Failing, FAILURES, JSON_TYPE } from "./failures.ts";
import { Aimed, FIRST_CHANGE, FIRST_READ, type Seen, type Strike, STRIKES } from "./words.ts";

/**
 * Homes that fail on request, each on a port of its own with real sockets: a demo home behind a server that breaks the
 * answer to the one request that it was told to, before or after it was carried out, and counts what was carried out.
 */

type App = ReturnType<typeof createDemoApp>;

/** What is sent on a connection that is just being closed would look like another failure than the one that is meant. */
const KEPT_MS = 600_000;

/** What is asked of a home, its body read. */
interface Asked {
  readonly method: string;
  readonly target: string;
  /** Method and path. */
  readonly name: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A read of the hardware is a POST; a sign-in changes nothing of the home. */
const changes = ({ method, name }: Asked) => method !== "GET" && !/ \/api\/v1\/auth\/|\/read$/.test(name);

async function asked(request: IncomingMessage): Promise<Asked> {
  const { url: target = "/", method = "GET", headers } = request;
  let body = "";
  for await (const chunk of request) body += String(chunk);
  return { method, target, name: `${method} ${new URL(target, "http://home").pathname}`, headers, body };
}

function ask(app: App, { method, target, headers, body }: Asked): Promise<Response> | Response {
  return app.request(target, {
    method,
    headers: Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]),
    ...(body === "" ? {} : { body }),
  });
}

/** One home, with the world that its present test has. */
class FailingHome {
  port = 0;
  #server: Server | undefined;
  #world = createWorld(Date.now());
  #app = createDemoApp({ world: this.#world, dialect: "documented", wait: () => Promise.resolve() });
  #aimed: Aimed | undefined;
  #lasts = false;
  #seen: Seen = { requests: [], changes: [], struck: 0 };
  readonly #held = new Set<() => void>();
  readonly #waiting = new Set<() => void>();

  /** Listens where it did before. */
  async open(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = createServer((request, response) => void this.#serve(request, response));
    server.keepAliveTimeout = KEPT_MS;
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(this.port, "127.0.0.1", () => resolve());
    });
    const address = server.address();
    this.port = typeof address === "object" && address !== null ? address.port : 0;
    this.#server = server;
  }

  /** Refuses connections. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  }

  /** A new world, in which nothing fails yet. */
  async begin(patch: object): Promise<void> {
    this.letGo();
    await this.open();
    this.#world = Object.assign(createWorld(Date.now()), patch);
    this.#app = createDemoApp({ world: this.#world, dialect: "documented", wait: () => Promise.resolve() });
    this.aim(undefined);
  }

  /** Says what fails from now on, and counts anew. */
  aim(aimed: Aimed | undefined): void {
    this.#aimed = aimed;
    this.#lasts = false;
    this.#seen = { requests: [], changes: [], struck: 0 };
  }

  /** Ends the failure, and goes on counting. */
  mend(): void {
    this.#aimed = undefined;
    this.#lasts = false;
    this.letGo();
  }

  patch(patch: object): void {
    Object.assign(this.#world, patch);
  }

  restart(): void {
    restartController(this.#world, Date.now());
  }

  /** Waits until an answer is held back, or the failure is ended. */
  async held(): Promise<void> {
    if (this.#held.size === 0) await new Promise<void>((resolve) => this.#waiting.add(resolve));
    this.#waiting.clear();
  }

  get seen(): Seen {
    return this.#seen;
  }

  letGo(): void {
    for (const go of [...this.#held, ...this.#waiting]) go();
    this.#held.clear();
  }

  #isAimedAt(request: Asked, { at, nth }: Aimed): boolean {
    if (at === FIRST_CHANGE) return this.#seen.struck === 0 && changes(request);
    if (at === FIRST_READ) return this.#seen.struck === 0 && !/ \/api\/v1\/auth\//.test(request.name);
    const before = this.#seen.requests.filter((each) => each === request.name).length - 1;
    return request.name === at && before === nth;
  }

  #strikeFor(request: Asked): Strike | undefined {
    const aimed = this.#aimed;
    if (aimed === undefined) return undefined;
    if (this.#isAimedAt(request, aimed)) {
      this.#lasts = aimed.lasting;
      return aimed.how;
    }
    // A home that was cut off in the middle stays away.
    return this.#lasts ? (aimed.how === "reset-after" ? "reset-before" : aimed.how) : undefined;
  }

  async #carryOut(request: Asked): Promise<{ status: number; headers: [string, string][]; text: string }> {
    const answer = await ask(this.#app, request);
    if (changes(request) && answer.status < 400) this.#seen.changes.push(request.name);
    return { status: answer.status, headers: [...answer.headers], text: await answer.text() };
  }

  async #serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = await asked(incoming);
    this.#seen.requests.push(request.name);
    const how = this.#strikeFor(request);
    if (how !== undefined) this.#seen.struck += 1;
    if (how === "401") this.restart();
    if (how === undefined || how === "401" || how === "held") {
      const { status, headers, text } = await this.#carryOut(request);
      if (how === "held") await this.#hold();
      response.writeHead(status, Object.fromEntries(headers)).end(text);
      return;
    }
    const right = STRIKES[how].done ? await this.#carryOut(request) : undefined;
    this.#fail(how, right?.text ?? "", response);
  }

  /** Waits until the test lets go, which is told that it may. */
  async #hold(): Promise<void> {
    for (const go of this.#waiting) go();
    await new Promise<void>((resolve) => this.#held.add(resolve));
  }

  #fail(how: Failing, text: string, response: ServerResponse): unknown {
    // Waits to be let go with the others that are held.
    if (how === "hang") return this.#held.add(() => response.destroy());
    return FAILURES[how](response, text);
  }
}

/** Parts of a world. */
const Patch = z.looseObject({});

/** Starts homes of these names, and a server that steers them. */
export async function startHomes(names: readonly string[]) {
  const homes = new Map(names.map((name) => [name, new FailingHome()]));
  await Promise.all([...homes.values()].map((home) => home.open()));
  const results: unknown[] = [];

  const control: Readonly<Record<string, (home: FailingHome, body: unknown) => unknown>> = {
    begin: (home, body) => home.begin(Patch.parse(body)),
    patch: (home, body) => home.patch(Patch.parse(body)),
    aim: (home, body) => home.aim(body === null ? undefined : Aimed.parse(body)),
    mend: (home) => home.mend(),
    refuse: (home) => home.close(),
    open: (home) => home.open(),
    restart: (home) => home.restart(),
    held: (home) => home.held(),
    seen: (home) => home.seen,
    results: (_home, body) => void results.push(body),
  };

  const server = createServer((request, response) => {
    void (async () => {
      const { target, body } = await asked(request);
      const [, name = "", what = ""] = target.split("/");
      const home = homes.get(name);
      const act = control[what];
      if (home === undefined || act === undefined) return response.writeHead(404).end();
      const value = await act(home, JSON.parse(body));
      return response.writeHead(200, JSON_TYPE).end(JSON.stringify(value ?? null));
    })();
  });
  server.keepAliveTimeout = KEPT_MS;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    control: `http://127.0.0.1:${port}`,
    ports: Object.fromEntries([...homes].map(([name, home]) => [name, home.port])),
    results,
    async close() {
      for (const home of homes.values()) home.letGo();
      await Promise.all([...homes.values()].map((home) => home.close()));
      server.close();
      server.closeAllConnections();
    },
  };
}
