import { env } from "cloudflare:workers";
import { runInDurableObject } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { type Between, callerAs, Client, moveIn } from "../support/whole.ts";

/** The real sessions and the real object of a home, whose controller refuses for its rate. */

afterEach(() => vi.restoreAllMocks());

const refusal = () =>
  Response.json({ error: "Rate Limit Exceeded", message: "slow down", retry_after: 60 }, { status: 429 });

test("two sessions of one person never see the refusal, and a write is done once", async () => {
  let refusals = 2;
  const answered: string[] = [];
  const between: Between = async (request, home) => {
    const { pathname } = new URL(request.url);
    if (pathname !== "/api/v1/clusters") return home(request);
    if (refusals > 0) {
      refusals -= 1;
      return refusal();
    }
    answered.push(request.method);
    return home(request);
  };
  moveIn("released", between);
  const writer = new Client(callerAs("admin"));
  const clients = [writer, new Client(callerAs("admin"))];
  for (const client of clients) await client.call("list_homes");
  const reads = await Promise.all(clients.map((client) => client.call("list_clusters")));
  for (const { fault, value } of reads) {
    expect(fault).toBeUndefined();
    expect(JSON.stringify(value)).toContain("clusters");
  }
  const { fault } = await writer.call("create_cluster", { name: "attic" });
  expect(fault).toBeUndefined();
  expect(answered.filter((method) => method === "POST")).toHaveLength(1);
  expect(clients.flatMap(({ heard }) => heard).join()).not.toContain("Rate Limit");

  const object = env.HOME_PACE.getByName("demo");
  await runInDurableObject(object, async (_, state) => {
    expect((await state.storage.list()).size).toBe(0);
    expect(await state.storage.getAlarm()).toBeNull();
  });
}, 20_000);
