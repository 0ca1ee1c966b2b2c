import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { defineResource, type Picture } from "../../src/contract/resource.ts";
import { responseOf } from "../../src/mcp/answer.ts";
import { serverFactory } from "../../src/mcp/server.ts";
import { Session } from "../../src/mcp/session.ts";
import { changesBetween } from "../../src/resources/changes.ts";
import { CALLER, callerWith, EMPTY, SEALER } from "../support/protocol.ts";
import { recording } from "../support/recording.ts";

/** What the watched lamp is like, and how often it was looked at. */
interface Lamp {
  level: number;
  looks: number;
  broken: boolean;
}

const EVERY_MS = 10_000;
const AGE_MS = 600_000;

function lampResource(lamp: Lamp) {
  return defineResource({
    name: "lamp",
    title: "Lamp",
    description: "A lamp.",
    uri: "lamp://{lamp_id}/events",
    role: "operator",
    ttlMs: 0,
    parameters: z.strictObject({ lamp_id: z.string() }),
    ids: { lamp_id: "gpio" },
    output: z.object({ events: z.array(z.object({ what: z.string() })) }),
    watch: {
      picture() {
        lamp.looks += 1;
        if (lamp.broken) return Promise.reject(new Error("the home is not there"));
        const thing = { kind: "pin", label: "lamp", within: null, facts: { level: lamp.level } } as const;
        const picture: Picture = new Map([["lamp", thing]]);
        return Promise.resolve(picture);
      },
      changes: changesBetween,
    },
    read: (_parameters, _context, past) => Promise.resolve({ events: [...(past?.changes ?? [])] }),
  });
}

const quiet = defineResource({
  name: "quiet",
  title: "Quiet",
  description: "Nothing to listen to.",
  uri: "quiet://x",
  role: "viewer",
  ttlMs: 0,
  parameters: z.strictObject({}),
  ids: {},
  output: z.object({}),
  read: () => Promise.resolve({}),
});

const META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientCapabilities": {},
  "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
};

/** One server-sent message. */
const Message = z.looseObject({
  id: z.unknown().optional(),
  method: z.string().optional(),
  params: z.looseObject({ uri: z.string().optional(), notifications: z.unknown().optional() }).optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
});

/** A session over the lamp, inside the real runtime, with time that the test moves. */
async function withSession(
  work: (parts: {
    lamp: Lamp;
    listen: (uris: readonly string[], caller?: typeof CALLER) => Promise<Stream>;
    pass: (ms: number) => Promise<void>;
    read: () => Promise<string>;
  }) => Promise<void>,
): Promise<void> {
  const lamp: Lamp = { level: 0, looks: 0, broken: false };
  const server = serverFactory({ ...EMPTY, resources: [lampResource(lamp), quiet] }, { confirm: true, sealer: SEALER });
  const { progress: _progress, ...ports } = recording({}).context;
  await runInDurableObject(env.MCP_SESSION.get(env.MCP_SESSION.newUniqueId()), async (_object, state) => {
    vi.useFakeTimers();
    const limits = { streams: 2, ageMs: AGE_MS, everyMs: EVERY_MS };
    const session = new Session(state, env, {
      server,
      enter: () => Promise.resolve(true),
      open: () => ports,
      listen: limits,
    });
    let id = 0;
    const send = async (method: string, params: object, name: string | undefined, caller = CALLER) => {
      id += 1;
      const headers: [string, string][] = [
        ["content-type", "application/json"],
        ["accept", "application/json, text/event-stream"],
        ["mcp-protocol-version", "2026-07-28"],
        ["mcp-method", method],
        ...(name === undefined ? [] : [["mcp-name", name] satisfies [string, string]]),
      ];
      const body = JSON.stringify({ jsonrpc: "2.0", id, method, params: { ...params, _meta: META } });
      return responseOf(
        await session.serve({ method: "POST", headers, body, origin: "https://pimcp.example" }, caller),
      );
    };
    await work({
      lamp,
      listen: async (uris, caller) => {
        const filter = { notifications: { resourceSubscriptions: uris } };
        return new Stream(await send("subscriptions/listen", filter, undefined, caller));
      },
      read: async () => (await send("resources/read", { uri: "lamp://1/events" }, "lamp://1/events")).text(),
      pass: async (ms) => {
        await vi.advanceTimersByTimeAsync(ms);
      },
    });
  });
}

/** What a client got on one stream so far. */
class Stream {
  readonly status: number;
  readonly messages: z.infer<typeof Message>[] = [];
  ended = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor(response: Response) {
    this.status = response.status;
    if (response.body === null) throw new Error("no body");
    this.#reader = response.body.getReader();
    void this.#collect();
  }

  async #collect(): Promise<void> {
    let text = "";
    for (;;) {
      const { done, value } = await this.#reader.read();
      if (done) break;
      text += new TextDecoder().decode(value);
      const frames = text.split("\n\n");
      text = frames.pop() ?? "";
      for (const frame of frames) this.#take(frame);
    }
    if (text.startsWith("{")) this.messages.push(Message.parse(JSON.parse(text)));
    this.ended = true;
  }

  #take(frame: string): void {
    const data = frame.split("\n").find((line) => line.startsWith("data: "));
    if (data !== undefined) this.messages.push(Message.parse(JSON.parse(data.slice("data: ".length))));
  }

  get updates(): (string | undefined)[] {
    return this.messages
      .filter(({ method }) => method === "notifications/resources/updated")
      .map(({ params }) => params?.uri);
  }

  close(): Promise<void> {
    return this.#reader.cancel();
  }
}

afterEach(() => vi.useRealTimers());

const LAMP = "lamp://1/events";

describe("a client that listens", () => {
  test("is told when what it watches has changed, and only then", async () => {
    await withSession(async ({ lamp, listen, pass, read }) => {
      const stream = await listen([LAMP]);
      await pass(0);
      expect(stream.messages[0]).toMatchObject({
        method: "notifications/subscriptions/acknowledged",
        params: { notifications: { resourceSubscriptions: [LAMP] } },
      });
      await pass(3 * EVERY_MS);
      expect(stream.updates).toStrictEqual([]);
      lamp.level = 1;
      await pass(EVERY_MS);
      expect(stream.updates).toStrictEqual([LAMP]);
      expect(await read()).toContain("pin_level");
      await pass(3 * EVERY_MS);
      expect(stream.updates).toStrictEqual([LAMP]);
      await stream.close();
    });
  });

  test("is told of a change that somebody's reading noticed first", async () => {
    await withSession(async ({ lamp, listen, pass, read }) => {
      const stream = await listen([LAMP]);
      await pass(1000);
      lamp.level = 1;
      await read();
      await pass(EVERY_MS);
      expect(stream.updates).toStrictEqual([LAMP]);
      await stream.close();
    });
  });

  test("goes on when the home was away for a while", async () => {
    await withSession(async ({ lamp, listen, pass }) => {
      const stream = await listen([LAMP]);
      await pass(1000);
      lamp.broken = true;
      await pass(2 * EVERY_MS);
      lamp.broken = false;
      lamp.level = 1;
      await pass(EVERY_MS);
      expect(stream.updates).toStrictEqual([LAMP]);
      await stream.close();
    });
  });

  test("is acknowledged what can be watched, and nothing else", async () => {
    await withSession(async ({ listen, pass, lamp }) => {
      const stream = await listen(["quiet://x", LAMP, "nothing://here", LAMP]);
      await pass(0);
      expect(stream.messages[0]?.params?.notifications).toStrictEqual({ resourceSubscriptions: [LAMP] });
      const none = await listen(["quiet://x"]);
      await pass(0);
      expect(none.ended).toBe(true);
      const { looks } = lamp;
      const viewer = await listen([LAMP], callerWith("viewer"));
      await pass(0);
      expect(viewer.ended).toBe(true);
      expect(lamp.looks).toBe(looks);
      await stream.close();
    });
  });
});

describe("nothing is looked at", () => {
  test("while nobody listens, and after the last one is gone", async () => {
    await withSession(async ({ lamp, listen, pass }) => {
      await pass(10 * EVERY_MS);
      expect(lamp.looks).toBe(0);
      const [one, two] = [await listen([LAMP]), await listen([LAMP])];
      await pass(EVERY_MS);
      // Two streams are served by one look.
      expect(lamp.looks).toBe(2);
      await one.close();
      await pass(EVERY_MS);
      expect(lamp.looks).toBe(3);
      await two.close();
      await pass(10 * EVERY_MS);
      expect(lamp.looks).toBe(3);
    });
  });
});

describe("streams are bounded", () => {
  test("in number: one too many is refused, and there is room again after one is closed", async () => {
    await withSession(async ({ listen, pass }) => {
      const [one, two] = [await listen([LAMP]), await listen([LAMP])];
      const three = await listen([LAMP]);
      await pass(0);
      expect(three.messages[0]).toMatchObject({ error: { message: "Subscription limit reached" } });
      await one.close();
      const four = await listen([LAMP]);
      await pass(0);
      expect(four.messages[0]).toMatchObject({ method: "notifications/subscriptions/acknowledged" });
      await two.close();
      await four.close();
    });
  });

  test("in age: an old one ends with its answer, is no longer counted, and nothing is looked at for it", async () => {
    await withSession(async ({ lamp, listen, pass }) => {
      const stream = await listen([LAMP]);
      await pass(AGE_MS - 1);
      expect(stream.ended).toBe(false);
      await pass(1);
      expect(stream.ended).toBe(true);
      expect(stream.messages.at(-1)).toMatchObject({ id: 1, result: { resultType: "complete" } });
      const { looks } = lamp;
      await pass(AGE_MS);
      expect(lamp.looks).toBe(looks);
      const more = [await listen([LAMP]), await listen([LAMP])];
      await pass(0);
      for (const each of more) {
        expect(each.messages[0]).toMatchObject({ method: "notifications/subscriptions/acknowledged" });
        await each.close();
      }
    });
  });
});
