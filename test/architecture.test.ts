import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { markedPart } from "../scripts/support/marked-part.ts";

/**
 * Which room may import what. A room may always import itself; `types` are rooms of which only types may be
 * imported. Packages are named as they are imported; `*` after a name stands for its subpaths.
 */
interface Room {
  readonly rooms: readonly string[];
  readonly types?: readonly string[];
  readonly packages: readonly string[];
}

const ROOMS: Readonly<Record<string, Room>> = {
  lib: { rooms: [], packages: ["jose"] },
  limits: { rooms: ["lib"], packages: ["cloudflare:workers"] },
  contract: { rooms: ["lib"], types: ["pi"], packages: ["zod"] },
  pi: { rooms: ["lib"], packages: ["zod", "jose"] },
  metrics: { rooms: ["contract", "lib"], packages: ["cloudflare:workers"] },
  broker: { rooms: ["pi", "lib"], packages: ["cloudflare:workers"] },
  homes: { rooms: ["pi", "lib", "contract"], packages: ["zod"] },
  accounts: { rooms: ["contract", "lib"], packages: ["cloudflare:workers"] },
  pace: { rooms: ["lib"], types: ["homes", "pi"], packages: ["zod", "cloudflare:workers"] },
  tools: { rooms: ["contract", "lib", "pi/schemas"], packages: ["zod"] },
  prompts: { rooms: ["contract", "lib"], packages: ["zod"] },
  reservations: { rooms: ["contract", "lib"], types: ["pi"], packages: ["zod", "cloudflare:workers"] },
  operations: { rooms: ["contract", "lib"], types: ["pi"], packages: ["zod", "cloudflare:workers"] },
  secrets: { rooms: ["contract", "lib"], packages: ["zod", "cloudflare:workers"] },
  activity: { rooms: ["contract", "lib"], packages: ["zod", "node:crypto"] },
  federation: {
    rooms: ["activity", "contract", "lib"],
    packages: ["zod", "jose", "cloudflare:workers", "@cfworker/json-schema"],
  },
  node: {
    rooms: ["federation/wire", "lib"],
    packages: ["zod", "jose", "node:*", "ws", "@modelcontextprotocol/client*", "pg", "aws4fetch", "@orama/orama"],
  },
  resources: { rooms: ["contract", "lib", "pi/schemas"], packages: ["zod"] },
  apps: { rooms: ["pi/schemas"], types: ["contract"], packages: [] },
  mcp: {
    rooms: ["contract", "lib", "limits"],
    packages: ["zod", "@modelcontextprotocol/server", "agents/mcp/server", "cloudflare:workers"],
  },
  auth: {
    rooms: ["contract", "homes", "pi", "lib", "limits"],
    packages: ["zod", "@cloudflare/workers-oauth-provider", "oauth4webapi", "jose"],
  },
  web: {
    rooms: ["activity/export.ts", "auth", "contract", "homes", "lib", "limits", "pi/schemas"],
    types: ["activity", "pi", "secrets"],
    packages: ["zod", "hono*", "@cloudflare/workers-oauth-provider"],
  },
  demo: {
    rooms: ["pi/schemas", "lib"],
    packages: ["zod", "hono*", "jose", "@hono/node-server", "cloudflare:workers"],
  },
  cli: {
    rooms: [
      "activity",
      "apps",
      "contract",
      "homes",
      "lib",
      "mcp",
      "node",
      "operations",
      "pi",
      "prompts",
      "reservations",
      "resources",
      "tools",
    ],
    packages: ["zod", "@modelcontextprotocol/server*", "node:*"],
  },
  "config.ts": { rooms: ["auth", "homes", "lib"], types: ["pi"], packages: ["zod"] },
  wiring: {
    rooms: [
      "accounts",
      "activity",
      "apps",
      "auth",
      "broker",
      "config.ts",
      "contract",
      "demo",
      "federation",
      "homes",
      "lib",
      "limits",
      "mcp",
      "operations",
      "metrics",
      "pace",
      "pi",
      "prompts",
      "reservations",
      "resources",
      "secrets",
      "tools",
      "web",
    ],
    packages: [],
  },
  "index.ts": { rooms: ["auth", "config.ts", "web", "wiring"], packages: [] },
};

/** Files that must also run in Node, so that the catalogue can be served over stdio. */
const WITHOUT_WORKERS = [
  "tools",
  "resources",
  "apps",
  "contract",
  "pi",
  "mcp/server.ts",
  "demo/serve.ts",
  "cli",
  "federation/wire",
  "node",
];

/** The only file that fetches a home is handed its fetch; the only one that prints is the log. */
const ONLY_IN: Readonly<Record<string, RegExp>> = {
  "lib/log.ts": /\bconsole(\.\w|\[)/,
  "wiring/parts.ts": /(?<![.\w#])fetch\(url/,
};

const SRC = resolve(import.meta.dirname, "../src");

interface Import {
  readonly file: string;
  readonly target: string;
  readonly typeOnly: boolean;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => /\.tsx?$/.test(name))
    .map((name) => join(folder, name));
}

const FILES = filesBelow(SRC);

function importsOf(file: string): Import[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/^(import|export)( type)?\s[^;]*?from\s+"([^"]+)"|^import\s+"([^"]+)"/gm)].map((match) => {
    const source = match[3] ?? match[4] ?? "";
    const target = source.startsWith(".") ? relative(SRC, resolve(dirname(file), source)) : source;
    return { file: relative(SRC, file), target, typeOnly: match[2] !== undefined };
  });
}

const roomOf = (path: string) => path.split("/")[0] ?? path;
const isOurs = (target: string) => /\.tsx?$/.test(target);

function allows(packages: readonly string[], name: string): boolean {
  return packages.some((each) =>
    each.endsWith("*")
      ? name === each.slice(0, -1) || name.startsWith(each.endsWith(":*") ? each.slice(0, -1) : `${each.slice(0, -1)}/`)
      : name === each,
  );
}

function mayImport({ file, target, typeOnly }: Import): boolean {
  const room = ROOMS[roomOf(file)];
  if (room === undefined) return false;
  if (!isOurs(target)) return allows(room.packages, target);
  if (roomOf(target) === roomOf(file)) return true;
  const open = typeOnly ? [...room.rooms, ...(room.types ?? [])] : room.rooms;
  return open.some((each) => target === each || target.startsWith(`${each}/`));
}

const imported = (file: string, target: string, typeOnly = false) => mayImport({ file, target, typeOnly });

/** Everything that a file imports, and what those import. */
function reachedFrom(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  for (const { target, typeOnly } of importsOf(join(SRC, file))) {
    if (typeOnly) continue;
    if (isOurs(target)) reachedFrom(target, seen);
    else seen.add(target);
  }
  return seen;
}

describe("the rooms", () => {
  test("each file lies in a room of the table", () => {
    expect(FILES.map((file) => roomOf(relative(SRC, file))).filter((room) => !(room in ROOMS))).toStrictEqual([]);
  });

  test("the README tells of each room", () => {
    const readme = readFileSync(resolve(SRC, "../README.md"), "utf8");
    const told = [...markedPart(readme, "rooms").matchAll(/`(\w+)\/`/g)].map(([, name]) => name);
    expect(new Set(told)).toStrictEqual(new Set(Object.keys(ROOMS).filter((name) => !name.endsWith(".ts"))));
  });

  test("no file imports what its room may not", () => {
    const wrong = FILES.flatMap((file) => importsOf(file)).filter((each) => !mayImport(each));
    expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toStrictEqual([]);
  });

  test.each(WITHOUT_WORKERS)("%s stays free of cloudflare:workers", (path) => {
    const files = FILES.map((file) => relative(SRC, file)).filter(
      (file) => file === path || file.startsWith(`${path}/`),
    );
    expect(files.length).toBeGreaterThan(0);
    for (const file of files) expect([...reachedFrom(file)], file).not.toContain("cloudflare:workers");
  });

  test.each(Object.entries(ONLY_IN))("only %s does what it alone may", (owner, pattern) => {
    const users = FILES.filter((file) => pattern.test(readFileSync(file, "utf8"))).map((file) => relative(SRC, file));
    expect(users).toStrictEqual([owner]);
  });

  test("a room's rules bite", () => {
    expect(imported("tools/gpio.ts", "mcp/call.ts")).toBe(false);
    expect(imported("tools/gpio.ts", "pi/client.ts")).toBe(false);
    expect(imported("tools/gpio.ts", "@modelcontextprotocol/server")).toBe(false);
    expect(imported("contract/context.ts", "pi/client.ts")).toBe(false);
    expect(imported("contract/context.ts", "pi/client.ts", true)).toBe(true);
    expect(imported("pi/request.ts", "contract/role.ts")).toBe(false);
  });
});
