import { createDemoApp, type DemoOptions } from "../../src/demo/app.ts";
import { createWorld } from "../../src/demo/world.ts";
import type { Dialect } from "../../src/demo/quirks.ts";
import type { World } from "../../src/demo/state.ts";

/** Wednesday noon, UTC. */
export const NOON = Date.UTC(2026, 0, 14, 12);

export const DIALECTS: readonly Dialect[] = ["documented", "released"];

export interface Answer {
  readonly status: number;
  /** Parsed JSON, or the text if it is none. */
  readonly body: unknown;
  readonly headers: Headers;
}

/** In whose name a request is sent. */
type Who = "viewer" | "operator" | "admin" | "nobody";

export interface Home {
  readonly world: World;
  /** Simulated milliseconds that were waited for. */
  readonly waits: number[];
  readonly saves: { count: number };
  advance(ms: number): void;
  /** Sends a request in the name of one of the three demo users. */
  call(who: Who, method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  token(who: "viewer" | "operator" | "admin"): Promise<string>;
  readonly request: (path: string, init?: RequestInit) => Promise<Response>;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** What a response holds. */
export async function answerOf(response: Response): Promise<Answer> {
  return { status: response.status, body: parsed(await response.text()), headers: response.headers };
}

/** A member of a JSON object of unknown shape. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  let found = value;
  for (const key of path) {
    found = typeof found === "object" && found !== null ? Reflect.get(found, key) : undefined;
  }
  return found;
}

/** The same as text. */
export function textAt(value: unknown, ...path: (string | number)[]): string {
  return String(at(value, ...path));
}

const post = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

/** A demo home with a clock that stands still, and waits that take no time. */
export function openHome(dialect: Dialect, options: Partial<DemoOptions> = {}): Home {
  let clock = NOON;
  const world = options.world ?? createWorld(NOON);
  const waits: number[] = [];
  const saves = { count: 0 };
  const app = createDemoApp({
    world,
    dialect,
    now: () => clock,
    wait: async (ms) => {
      waits.push(ms);
      clock += ms;
    },
    onChange: () => {
      saves.count += 1;
    },
    ...options,
  });
  const request = async (path: string, init?: RequestInit): Promise<Response> => app.request(path, init);
  const tokens = new Map<string, string>();
  const token = async (who: string): Promise<string> => {
    const login = { username: who, password: `${who}-demo` };
    const fresh =
      tokens.get(who) ??
      textAt((await answerOf(await request("/api/v1/auth/login", post(login)))).body, "access_token");
    tokens.set(who, fresh);
    return fresh;
  };
  return {
    world,
    waits,
    saves,
    advance: (ms) => {
      clock += ms;
    },
    token,
    request,
    async call(who, method, path, body, extra = {}) {
      const headers = {
        ...(who === "nobody" ? {} : { authorization: `Bearer ${await token(who)}` }),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...extra,
      };
      const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
      return answerOf(await request(path, init));
    },
  };
}
