import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { inspectAll } from "../../../src/federation/inspect.ts";
import { Capability, MAX_SCHEMA } from "../../../src/federation/wire/manifest.ts";
import type { PluginTool } from "../../../src/node/plugin.ts";
import { offeredBy } from "../../../src/node/plugin-source.ts";
import { PLUGINS } from "../../../src/node/plugins/index.ts";
import { scratch } from "../../support/plugins.ts";
import { NO_NOTES } from "../../support/no-notes.ts";

const GUIDE = readFileSync(join(import.meta.dirname, "../../../docs/node-plugins.md"), "utf8");

const Example = z.record(z.string(), z.record(z.string(), z.unknown()));
const examples = [...GUIDE.matchAll(/^```json\n(.*?)^```$/gms)].map(([, json = ""]) => Example.parse(JSON.parse(json)));
const exampleOf = (name: string) => examples.find((each) => name in each)?.[name];

/** Settings that each plug-in can be switched on with anywhere. */
const ANYWHERE: Readonly<Record<string, () => unknown>> = {
  file: () => ({ roots: { docs: scratch() } }),
  shell: () => ({ programs: { cat: { path: "/bin/cat" } } }),
  log: () => ({ units: ["k3s.service"] }),
  db: () => ({ databases: { a: { kind: "postgres", url_env: "SOMETHING", writes: true } } }),
  http: () => ({ hosts: [{ host: "a.example" }] }),
  ai: () => ({ url: "http://127.0.0.1:1", models: ["a"], embedding_models: ["b"] }),
  vector: () => ({}),
  storage: () => ({
    endpoint: "https://s3.example",
    buckets: { a: { bucket: "abc", prefixes: ["a/"], writes: true } },
  }),
};

/** All capabilities, each as its node would offer it. */
async function allTools(): Promise<PluginTool[]> {
  const tools: PluginTool[] = [];
  for (const plugin of PLUGINS) {
    const settings = plugin.settings.parse(ANYWHERE[plugin.name]?.());
    const folder = scratch();
    const open = await plugin.open(settings, {
      notes: NO_NOTES,
      folder: () => folder,
      env: () => "postgres://a:b@c/d",
      call: async () => ({ content: [] }),
    });
    tools.push(...open.tools);
    await open.close();
  }
  return tools;
}

describe("the plug-ins", () => {
  test("have names of their own, and capabilities of their domain", async () => {
    const names = (await allTools()).map(({ capability }) => capability.name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(PLUGINS.map((plugin) => plugin.name)).toContain(name.split(".")[0]);
    expect(names.toSorted()).toMatchInlineSnapshot(`
      [
        "ai.embed",
        "ai.infer",
        "db.execute",
        "db.query",
        "file.read",
        "file.search",
        "http.request",
        "log.tail",
        "shell.run",
        "storage.get",
        "storage.list",
        "storage.put",
        "vector.index",
        "vector.remove",
        "vector.search",
      ]
    `);
  });

  test("offer what a hub takes: short, flat and strict", async () => {
    const manifest = (await allTools()).map((tool) => offeredBy(tool).capability);
    const inspected = await inspectAll(manifest, new Set());
    expect(inspected.filter(({ problem }) => problem !== null)).toStrictEqual([]);
    for (const { capability, input } of await allTools()) {
      const schema = z.toJSONSchema(input, { io: "input" });
      expect(Capability.safeParse({ ...capability, inputSchema: schema }).error, capability.name).toBeUndefined();
      expect(await inspectAll([{ ...capability, inputSchema: schema }], new Set())).toMatchObject([
        { name: capability.name, problem: null },
      ]);
      expect(schema, capability.name).toMatchObject({ type: "object", additionalProperties: false });
      for (const word of ["anyOf", "oneOf", "allOf"]) expect(schema, capability.name).not.toHaveProperty(word);
      expect(JSON.stringify(schema).length).toBeLessThan(MAX_SCHEMA);
      expect(capability.description).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }
  });

  test("do not claim to read only where they change something", async () => {
    const reading = (await allTools())
      .filter(({ capability }) => capability.hints.readOnly)
      .map(({ capability }) => capability.name);
    expect(reading.toSorted()).toStrictEqual([
      "ai.embed",
      "ai.infer",
      "db.query",
      "file.read",
      "file.search",
      "http.request",
      "log.tail",
      "storage.get",
      "storage.list",
      "vector.search",
    ]);
    for (const { capability } of await allTools()) {
      expect(capability.hints.readOnly && capability.hints.destructive, capability.name).toBe(false);
    }
  });

  test.each(PLUGINS.map((plugin) => [plugin.name, plugin] as const))(
    "%s knows its settings strictly",
    (name, plugin) => {
      const good = exampleOf(name);
      expect(plugin.settings.safeParse({ ...good, unknown_setting: 1 }).success).toBe(false);
      expect(plugin.settings.parse(good)).toMatchObject({ enabled: true });
      expect(plugin.settings.parse({ ...good, enabled: false })).toMatchObject({ enabled: false });
    },
  );
});

describe("the guide", () => {
  test("has an example and a row for each plug-in, which its settings take", () => {
    for (const plugin of PLUGINS) {
      const parsed = plugin.settings.safeParse(exampleOf(plugin.name));
      expect(parsed.error, plugin.name).toBeUndefined();
      expect(GUIDE).toContain(`| \`${plugin.name}\` |`);
    }
    const told = new Set(examples.flatMap((each) => Object.keys(each)));
    expect(told).toStrictEqual(new Set(PLUGINS.map(({ name }) => name)));
  });

  test("names each capability and each setting", async () => {
    for (const { capability } of await allTools()) expect(GUIDE).toContain(`\`${capability.name}\``);
    for (const plugin of PLUGINS) {
      const section = GUIDE.split(/^## /m).find((each) => each.startsWith(`${plugin.name}\n`)) ?? "";
      for (const key of Object.keys(plugin.settings.shape)) {
        if (key !== "enabled") expect(section, `${plugin.name}: ${key}`).toMatch(new RegExp(`\`${key}\`|"${key}"`));
      }
    }
  });

  test("tells the defaults that there are", () => {
    for (const plugin of PLUGINS) {
      const section = GUIDE.split(/^## /m).find((each) => each.startsWith(`${plugin.name}\n`)) ?? "";
      const settings: Readonly<Record<string, unknown>> = plugin.settings.parse(exampleOf(plugin.name));
      for (const [key, value] of Object.entries(settings)) {
        const given = exampleOf(plugin.name)?.[key] !== undefined;
        if (typeof value === "number" && !given) expect(section, `${plugin.name}: ${key}`).toContain(String(value));
      }
    }
  });
});
