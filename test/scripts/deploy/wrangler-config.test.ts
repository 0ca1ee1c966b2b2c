import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { SECRET_NAMES, VARIABLE_NAMES } from "../../../src/config.ts";
import { readWranglerConfig } from "../../../scripts/deployment/settings.ts";
import { freePort, ROOT } from "../../../scripts/support/wrangler.ts";

const FILE = join(ROOT, "wrangler.toml");
const production = readWranglerConfig(FILE);
const staging = readWranglerConfig(FILE, "staging");
const Package = z.object({
  cloudflare: z.object({ bindings: z.record(z.string(), z.object({ description: z.string() })) }),
});

describe("wrangler.toml", () => {
  test("staging has everything that production has, under a name of its own", () => {
    expect(staging.name).toBe(`${production.name}-staging`);
    expect(Object.keys(staging.vars).toSorted()).toStrictEqual(Object.keys(production.vars).toSorted());
    expect(staging.vars["ENVIRONMENT"]).toBe("production");
    expect(staging.kv_namespaces).toStrictEqual(production.kv_namespaces);
    expect(staging.durable_objects).toStrictEqual(production.durable_objects);
    expect(staging.migrations).toStrictEqual(production.migrations);
  });

  test("staging counts for itself: ids of rate limits are one for each Worker of an account", () => {
    const ids = [...production.ratelimits, ...staging.ratelimits].map((each) => each.namespace_id);
    expect(new Set(ids).size).toBe(ids.length);
    const rules = (worker: typeof production) => worker.ratelimits.map(({ namespace_id: _id, ...rule }) => rule);
    expect(rules(staging)).toStrictEqual(rules(production));
  });

  test("staging lacks no kind of binding", () => {
    const headers = [...readFileSync(FILE, "utf8").matchAll(/^\[+([\w.]+)\]+$/gm)].map(([, name = ""]) => name);
    const [top, own] = [
      headers.filter((name) => !name.startsWith("env.")),
      headers.filter((name) => name.startsWith("env.")),
    ];
    // What an environment inherits.
    const inherited = new Set(["dev", "observability", "observability.logs", "migrations", "triggers"]);
    const needed = new Set(top.filter((name) => !inherited.has(name)));
    expect(new Set(own.map((name) => name.replace("env.staging.", "")))).toStrictEqual(needed);
  });

  test("namespaces have no ids: wrangler makes one for each Worker, and finds it again", () => {
    expect(production.kv_namespaces.map(({ id }) => id)).toStrictEqual([undefined, undefined]);
  });

  test("no migration takes away what Durable Objects hold", () => {
    const made = production.migrations.flatMap(({ new_sqlite_classes: classes }) => classes);
    expect(made.toSorted()).toStrictEqual(
      production.durable_objects.bindings.map((each) => each.class_name).toSorted(),
    );
    for (const { tag: _tag, new_sqlite_classes: _made, deleted_classes: deleted, ...others } of production.migrations) {
      expect(deleted).toStrictEqual([]);
      expect(others).toStrictEqual({});
    }
  });

  test("no secret is a variable, and each secret is one that the gateway reads", () => {
    expect(Object.keys(production.vars).filter((name) => SECRET_NAMES.includes(name))).toStrictEqual([]);
    expect(SECRET_NAMES.filter((name) => !VARIABLE_NAMES.includes(name))).toStrictEqual([]);
  });

  test("the README calls the same ones secret", () => {
    const readme = readFileSync(join(ROOT, "README.md"), "utf8");
    const told = [...readme.matchAll(/^\| `([A-Z_]+)` \| secret: /gm)].map(([, name = ""]) => name);
    expect(told.toSorted()).toStrictEqual(SECRET_NAMES.toSorted());
  });

  test("the Deploy to Cloudflare button describes what there is", () => {
    const { cloudflare } = Package.parse(JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")));
    const bindings = production.kv_namespaces.map(({ binding }) => binding);
    const offered = [...Object.keys(production.vars), "TOKEN_KEY", ...bindings];
    expect(offered).toEqual(expect.arrayContaining(Object.keys(cloudflare.bindings)));
    expect(Object.keys(cloudflare.bindings)).toEqual(
      expect.arrayContaining(["TOKEN_KEY", "PI_CONTROLLER_URL", "DEMO_HOME"]),
    );
  });
});

describe("npm run deploy -- --dry-run builds what would be uploaded", () => {
  test.each([[[]], [["--env", "staging"]]])("%j", async (args) => {
    const printed = execFileSync(
      process.execPath,
      ["scripts/run.mjs", "deploy", ...args, "--dry-run", "--set", "DEMO_HOME=on"],
      {
        cwd: ROOT,
        encoding: "utf8",
        // Nothing answers there: a dry run needs neither account nor network.
        env: {
          ...process.env,
          CI: "true",
          HTTPS_PROXY: `http://127.0.0.1:${await freePort()}`,
          WRANGLER_SEND_METRICS: "false",
        },
      },
    );
    expect(printed).toContain('env.DEMO_HOME ("(hidden)")');
    expect(printed).toContain("env.PIN_RESERVATION (PinReservation)");
    expect(printed).toContain("Nothing was uploaded");
  });
});
