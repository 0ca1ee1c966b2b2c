import { env } from "cloudflare:workers";
import { runDurableObjectAlarm } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { views } from "../../src/apps/index.ts";
import type { Role } from "../../src/contract/role.ts";
import type { User } from "../../src/demo/state.ts";
import type { Dialect } from "../../src/pi/dialect.ts";
import { pinName } from "../../src/reservations/port.ts";
import { type Answer, type Between, callerAs, Client, type House, moveIn } from "./whole.ts";

const PROFILE = "/api/v1/auth/profile";
const MINUTE = 60_000;

const deactivate = (user: User) => void (user.is_active = false);
const demote = (user: User) => void (user.role = "viewer");

const later = (ms: number) => vi.setSystemTime(Date.now() + ms);

/** People whose account at the home is changed while their sessions live, over the whole gateway behind its sign-in. */
export function standingAt(dialect: Dialect): void {
  let house: House;
  /** How often the home was asked who the caller is. */
  let profiles = 0;
  let atProfile: (() => Response) | undefined;
  let userId = "";

  const between: Between = (request, home) => {
    if (new URL(request.url).pathname !== PROFILE) return home(request);
    profiles += 1;
    return atProfile === undefined ? home(request) : Promise.resolve(atProfile());
  };

  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"] });
    vi.spyOn(console, "info").mockReturnValue();
    vi.spyOn(console, "warn").mockReturnValue();
    house = moveIn(dialect, between);
    userId = `demo.${crypto.randomUUID()}`;
    [profiles, atProfile] = [0, undefined];
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  const clientAs = (role: Role) => {
    const login = { username: role, password: `${role}-demo` };
    return new Client(callerAs(role, { userId, homes: { demo: { role, login } } }));
  };
  const user = (role: Role): User => {
    const found = house.world.users.find(({ username }) => username === role);
    if (found === undefined) throw new Error(`there is no ${role}`);
    return found;
  };
  const lamp = () => {
    const found = house.world.devices.find(({ direction, name }) => direction === "output" && name.includes("led"));
    if (found === undefined) throw new Error("there is no lamp");
    return found.id;
  };
  const turnOn = (client: Client, value = 1) => client.call("write_gpio_pin", { gpio_id: lamp(), value });
  const writes = () => house.asked.filter((line) => !line.startsWith("GET "));

  describe(`a live session at a ${dialect} home`, () => {
    test.each([
      ["deactivated", deactivate, /deactivated|no longer accepts|does not accept/],
      [
        "demoted",
        demote,
        /write_gpio_pin needs the role operator at home "Demo home"; your account there now has viewer/,
      ],
    ])("whose person was %s is refused at the very next change, and nothing was changed", async (_, change, words) => {
      const client = clientAs("operator");
      expect((await turnOn(client)).fault).toBeUndefined();
      change(user("operator"));
      const before = writes();
      const { fault } = await turnOn(client, 0);
      expect(fault).toMatchObject({ type: expect.stringMatching(/forbidden|unauthorized/) });
      expect(fault?.message).toMatch(words);
      expect(fault?.suggestions.join(" ")).toMatch(/admin|connect it again/);
      expect(writes()).toStrictEqual(before);
    });

    test("is refused before it is asked for consent", async () => {
      const client = clientAs("admin");
      await client.call("list_gpio_devices");
      demote(user("admin"));
      const { fault } = await client.call("delete_gpio_device", { gpio_id: lamp() });
      expect(fault).toMatchObject({ type: "forbidden" });
      expect(fault).not.toHaveProperty("confirm_token");
    });

    test("whose person was deactivated reads no longer than a minute", async () => {
      const client = clientAs("operator");
      expect((await client.call("list_gpio_devices")).fault).toBeUndefined();
      deactivate(user("operator"));
      later(MINUTE);
      const asked = () =>
        Promise.all([
          client.call("list_gpio_devices"),
          client.read("system://health"),
          client.ask("completion/complete", {
            ref: { type: "ref/resource", uri: "cluster://{cluster_id}/status" },
            argument: { name: "cluster_id", value: "" },
          }),
          client.ask("resources/list"),
        ]);
      const [tool, resource, completion, list] = await asked();
      expect(tool.value).toBeUndefined();
      expect(tool.fault?.type).toMatch(/forbidden|unauthorized/);
      expect(resource.value).toBeUndefined();
      expect(resource.fault?.message).toMatch(/deactivated|no longer|does not accept/);
      expect(completion.result).toBeUndefined();
      // Nothing of the home: what is listed is the same for everybody.
      expect(urisOf(list)).toStrictEqual(["system://health", "fleet://nodes", ...views.map(({ uri }) => uri)]);
    });

    test("whose person was demoted goes on reading", async () => {
      const client = clientAs("operator");
      await turnOn(client);
      demote(user("operator"));
      later(MINUTE);
      expect((await client.call("list_gpio_devices")).fault).toBeUndefined();
      expect(urisOf(await client.ask("resources/list"))).toContain("cluster://1/status");
    });

    test("whose person was let in again is let in again", async () => {
      const client = clientAs("operator");
      await turnOn(client);
      deactivate(user("operator"));
      expect((await turnOn(client)).fault).toBeDefined();
      user("operator").is_active = true;
      later(MINUTE);
      expect((await client.call("list_gpio_devices")).fault).toBeUndefined();
      expect((await turnOn(client)).fault).toBeUndefined();
    });

    test("whose person was given more may do what was granted", async () => {
      const client = clientAs("viewer");
      await client.call("list_gpio_devices");
      user("viewer").role = "admin";
      later(MINUTE);
      expect((await turnOn(client)).fault?.message).toMatch(/this connection has viewer/);
      expect(writes()).toStrictEqual([]);
    });

    test("asks before each change, and for reads once a minute", async () => {
      const client = clientAs("operator");
      const read = () => client.call("list_gpio_devices");
      await Promise.all(Array.from({ length: 10 }, read));
      expect(profiles).toBe(1);
      await turnOn(client);
      await turnOn(client);
      expect(profiles).toBe(3);
      later(MINUTE - 1);
      await read();
      expect(profiles).toBe(3);
      later(1);
      await read();
      expect(profiles).toBe(4);
    });

    test("goes on at a home that cannot tell, as before", async () => {
      atProfile = () => Response.json({ error: "API endpoint not found" }, { status: 404 });
      const client = clientAs("operator");
      expect((await turnOn(client)).fault).toBeUndefined();
      expect((await client.call("list_gpio_devices")).fault).toBeUndefined();
      expect(profiles).toBe(1);
    });

    test("of an account that is gone is refused", async () => {
      const client = clientAs("operator");
      await turnOn(client);
      atProfile = () => Response.json({ error: "Not Found", message: "User not found" }, { status: 404 });
      expect((await turnOn(client, 0)).fault?.message).toContain("is gone");
      later(MINUTE);
      expect((await client.call("list_gpio_devices")).fault?.message).toContain("is gone");
    });

    test("changes nothing where the home fails to tell", async () => {
      const client = clientAs("operator");
      atProfile = () => Response.json({ error: "Internal Server Error" }, { status: 500 });
      expect((await turnOn(client)).fault?.type).toBe("operation_failed");
      expect(writes()).toStrictEqual([]);
    });
  });

  if (dialect === "released") {
    test("a demoted holder's pin is still made safe when its time is over", async () => {
      const client = clientAs("operator");
      await turnOn(client);
      const args = { gpio_id: lamp(), client_id: "me", duration_seconds: 10, on_expire: { value: 0 } };
      expect((await client.call("reserve_gpio_pin", args)).fault).toBeUndefined();
      demote(user("operator"));
      profiles = 0;
      later(11_000);
      await runDurableObjectAlarm(env.PIN_RESERVATION.getByName(pinName({ homeId: "demo", gpioId: lamp() })));
      expect(writes().filter((line) => line.endsWith(`/gpio/${lamp()}/write`))).toHaveLength(2);
      const { value } = await client.call("read_gpio_pin", { gpio_id: lamp() });
      expect(value).toMatchObject({ value: 0 });
    });
  }
}

function urisOf({ result }: Answer): string[] {
  const { resources } = result ?? {};
  if (!Array.isArray(resources)) throw new Error("there is no list");
  return resources.map((each: { uri: string }) => each.uri);
}
