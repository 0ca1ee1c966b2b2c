import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createSealer } from "../../src/lib/crypto.ts";
import type { Dialect } from "../../src/pi/dialect.ts";
import { prompts } from "../../src/prompts/index.ts";
import { leftSecrets } from "../../src/secrets/port.ts";
import { Blabbermouth, JOIN_TOKEN, KINDS_OF_WORDS, PRIVATE_KEY, SSH_PASSWORD } from "./canaries.ts";
import { GOOD_CALLS, GOOD_READS, type GoodCall } from "./good-calls.ts";
import { rowsOfObjects, valuesOfStores } from "./kept.ts";
import { callerAs, Client, moveIn, thaw } from "./whole.ts";

/** The accounts' password and everything that is marked. */
const CANARY = /canary|admin-demo/i;

const SECRET_SSH = { username: "pi", password: SSH_PASSWORD };

/** One good call of each tool, with secrets of the caller's own. */
const CALLS: readonly GoodCall[] = GOOD_CALLS.filter(
  ({ tool }, index) => GOOD_CALLS.findIndex((each) => each.tool === tool) === index,
).map((call) => {
  const args = {
    ...call.args,
    ...(JSON.stringify(call.args ?? {}).includes("ssh_config") ? { ssh_config: SECRET_SSH } : {}),
    ...(JSON.stringify(call.args ?? {}).includes("join_token") ? { join_token: JOIN_TOKEN } : {}),
  };
  return { ...call, args };
});

/** Those that send secrets. */
const CONFIDING = CALLS.filter(({ args }) => args !== undefined && "ssh_config" in args);

const PROMPT_ARGUMENTS: Readonly<Record<string, Record<string, string>>> = {
  "create-and-provision-cluster": { name: "attic" },
  "control-gpio": { device: "led-strip", action: "on" },
  "deploy-workload": { cluster: "homelab", image: "nginx:1.29" },
  "home-health-check": {},
  "renew-certificates": {},
};

const SECRETS_PAGE = /\/secrets\/([0-9a-f-]{36})/;

/** Hunts for secrets in everything that the gateway says, writes down and keeps, at one kind of home. */
export function huntAt(dialect: Dialect): void {
  const printed: string[] = [];
  let home = new Blabbermouth();

  beforeEach(() => {
    home = new Blabbermouth();
    printed.length = 0;
    for (const level of ["debug", "log", "info", "warn", "error"] as const) {
      vi.spyOn(console, level).mockImplementation((...parts: unknown[]) => {
        printed.push(parts.map((part) => (typeof part === "string" ? part : JSON.stringify(part))).join(" "));
      });
    }
  });
  afterEach(() => vi.restoreAllMocks());

  async function expectNoCanary(...clients: readonly Client[]): Promise<void> {
    const heard = clients.flatMap((client) => client.heard);
    expect(heard.length).toBeGreaterThan(0);
    const places = { heard, printed, kept: [...(await rowsOfObjects()), ...(await valuesOfStores())] };
    for (const [place, texts] of Object.entries(places)) {
      for (const text of texts) {
        expect(text, place).not.toMatch(CANARY);
        for (const token of home.tokens) expect(text.includes(token), `${place} holds a token: ${text}`).toBe(false);
      }
    }
  }

  describe(`a ${dialect} controller that gives its secrets away`, () => {
    test("in good answers: to no tool", async () => {
      const client = new Client();
      for (const call of CALLS) {
        const { world } = moveIn(dialect, home.between);
        const first = await call.first?.(client, world);
        await client.call(call.tool, { ...call.args, ...first });
        await thaw();
      }
      await expectNoCanary(client);
      expect(home.tokens.size).toBeGreaterThan(0);
    }, 30_000);

    test("in good answers: to no resource, prompt, list or completion", async () => {
      moveIn(dialect, home.between);
      const client = new Client();
      for (const { uri, outcome } of GOOD_READS) {
        const { fault } = await client.read(uri);
        if (!("fault" in outcome)) expect(fault).toBeUndefined();
      }
      for (const { name } of prompts) {
        const { result } = await client.ask("prompts/get", { name, arguments: PROMPT_ARGUMENTS[name] });
        expect(result, name).toBeDefined();
      }
      for (const list of ["tools/list", "resources/list", "resources/templates/list", "prompts/list"]) {
        expect((await client.ask(list)).error).toBeUndefined();
      }
      const argument = { name: "node_id", value: "p" };
      await client.ask("completion/complete", {
        ref: { type: "ref/resource", uri: "node://{node_id}/info" },
        argument,
      });
      await expectNoCanary(client);
    });

    test.each([
      ["writes", 400],
      ["writes", 500],
      ["all", 404],
      ["all", 500],
    ] as const)(
      "in refusals of %s with %i: to no tool and no resource",
      async (refuses, status) => {
        const client = new Client();
        for (const call of CALLS) {
          const { world } = moveIn(dialect, home.between);
          home.temper.refuses = "nothing";
          const first = await call.first?.(client, world);
          Object.assign(home.temper, { refuses, status });
          await client.call(call.tool, { ...call.args, ...first });
          await thaw();
        }
        for (const { uri } of GOOD_READS) await client.read(uri);
        await client.ask("resources/list");
        await expectNoCanary(client);
      },
      30_000,
    );

    test.each(Array.from({ length: KINDS_OF_WORDS }, (_, index) => index))(
      "in words of the kind %i about secrets that were sent",
      async (words) => {
        const client = new Client();
        for (const failsKindly of [false, true]) {
          for (const call of CONFIDING) {
            const { world } = moveIn(dialect, home.between);
            Object.assign(home.temper, { refuses: "nothing", failsKindly: false });
            const first = await call.first?.(client, world);
            Object.assign(home.temper, {
              refuses: failsKindly ? "nothing" : "writes",
              status: 500,
              words,
              failsKindly,
            });
            await client.call(call.tool, { ...call.args, ...first });
            await thaw();
          }
        }
        await expectNoCanary(client);
      },
      30_000,
    );

    test.each([400, 401, 403, 429, 500])("in the refusal of a sign-in with %i", async (status) => {
      moveIn(dialect, home.between);
      Object.assign(home.temper, { refuses: "sign-ins", status });
      for (const words of [0, 1]) {
        home.temper.words = words;
        const client = new Client(callerAs("admin", { userId: `demo.${dialect}-${status}-${words}` }));
        expect((await client.call("list_clusters")).fault).toBeDefined();
        expect((await client.call("write_gpio_pin", { gpio_id: 20, value: 1 })).fault).toBeDefined();
        expect((await client.call("deprovision_node", { node_id: 5, ssh_config: SECRET_SSH })).fault).toBeDefined();
        await expectNoCanary(client);
      }
    });

    test("a new private key comes out once, on its page, and nowhere else", async () => {
      moveIn(dialect, home.between);
      const client = new Client();
      const args = { common_name: "nas.cluster.local", certificate_type: "service" };
      const { value } = await client.call("issue_certificate", args);
      const [, id = ""] = SECRETS_PAGE.exec(JSON.stringify(value)) ?? [];
      await expectNoCanary(client);
      const key = Uint8Array.from(atob(env.TOKEN_KEY), (sign) => sign.charCodeAt(0));
      const left = leftSecrets(env.ONE_TIME_SECRET, createSealer(key));
      expect(await left.take(id, { userId: "demo.viewer", homes: { demo: {} } })).toBeUndefined();
      expect((await left.take(id, { userId: "demo.admin", homes: { demo: {} } }))?.value).toBe(PRIVATE_KEY);
      expect(await left.take(id, { userId: "demo.admin", homes: { demo: {} } })).toBeUndefined();
      await expectNoCanary(client);
    });
  });
}
