import { afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { ACCOUNTS, connectV2, rawRequest, tokenFor } from "../support/clients.ts";
import { METRICS_TOKEN } from "../support/gateway.ts";
import { steerHome } from "../support/home.ts";

const gateway = inject("gateway");
const home = steerHome(inject("home"));
const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const TRACEPARENT = `00-${TRACE_ID}-00f067aa0ba902b7-01`;

let token = "";
beforeAll(async () => {
  token = await tokenFor(gateway, ACCOUNTS.operator);
});
afterEach(() => home.mend());

const call = (name: string, args: object, meta?: object) =>
  JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "tools/call",
    params: { name, arguments: args, ...(meta === undefined ? {} : { _meta: meta }) },
  });

/** One call, with the headers of its answer. */
async function made(name: string, args: object = {}, meta?: object) {
  const response = await rawRequest(gateway, token, call(name, args, meta));
  return { headers: response.headers, text: await response.text() };
}

describe("a call", () => {
  test("tells its client how long home and gateway took, and the id by which it is found", async () => {
    await made("list_clusters");
    await home.seen();
    const { headers } = await made("list_clusters");
    expect(headers.get("server-timing")).toMatch(/^home;dur=\d+, gateway;dur=\d+$/);
    expect([...headers.keys()].filter((name) => name.startsWith("x-pimcp"))).toStrictEqual([]);
    const id = headers.get("x-request-id") ?? "";
    const asked = await home.seen();
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.map(({ requestId }) => requestId)).toContain(`${id}-1`);
    expect(asked.every(({ requestId }) => requestId?.startsWith(id) === true)).toBe(true);
    expect(new Set(asked.map(({ requestId }) => requestId)).size).toBe(asked.length);
    expect(asked.every(({ traceparent }) => traceparent === null)).toBe(true);
  });

  test("hands the client's trace on to the home, and nothing that is none", async () => {
    await home.seen();
    await made("read_gpio_pin", { gpio_id: 15 }, { traceparent: TRACEPARENT });
    const traced = (await home.seen()).filter(({ path }) => !path.includes("/auth/"));
    expect(traced.length).toBeGreaterThan(0);
    for (const { traceparent } of traced) {
      expect(traceparent).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-01$`));
      expect(traceparent).not.toBe(TRACEPARENT);
    }
    await made("read_gpio_pin", { gpio_id: 15 }, { traceparent: `${TRACEPARENT}\r\nx-evil: 1` });
    expect((await home.seen()).every(({ traceparent }) => traceparent === null)).toBe(true);
  });

  test("what lists or is refused before a call has no timing", async () => {
    const list = await rawRequest(gateway, token, JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" }));
    await list.body?.cancel();
    expect(list.headers.get("server-timing")).toBeNull();
  });
});

const scrape = (authorization?: string) =>
  fetch(new URL("/metrics", gateway), authorization === undefined ? {} : { headers: { authorization } });

/** The value of a series; 0 if it is not there. */
async function valueOf(series: string): Promise<number> {
  const text = await (await scrape(`Bearer ${METRICS_TOKEN}`)).text();
  const line = text.split("\n").find((each) => each.startsWith(`${series} `));
  return Number(line?.slice(series.length + 1) ?? 0);
}

describe("/metrics", () => {
  test("is for who has the token", async () => {
    for (const wrong of [undefined, "Bearer", `Bearer ${METRICS_TOKEN}x`, METRICS_TOKEN, `Basic ${METRICS_TOKEN}`]) {
      const response = await scrape(wrong);
      expect(response.status).toBe(401);
      expect(await response.text()).not.toContain("pimcp_");
    }
    const response = await scrape(`Bearer ${METRICS_TOKEN}`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    await response.body?.cancel();
  });

  test("counts each call once, in both eras, also those that fail", async () => {
    const good = 'pimcp_calls_total{kind="tool",name="get_node_info",outcome="ok"}';
    const failed = 'pimcp_calls_total{kind="tool",name="get_node_info",outcome="not_found"}';
    const errors = 'pimcp_errors_total{type="not_found"}';
    const latency = 'pimcp_call_seconds_count{kind="tool",name="get_node_info"}';
    const before = await Promise.all([good, failed, errors, latency].map((each) => valueOf(each)));
    await made("get_node_info", { node_id: 1 });
    await made("get_node_info", { node_id: 999 });
    const { client } = await connectV2(gateway, ACCOUNTS.operator);
    await client.callTool({ name: "get_node_info", arguments: { node_id: 1 } });
    await client.close();
    const after = await Promise.all([good, failed, errors, latency].map((each) => valueOf(each)));
    expect(after.map((value, index) => value - (before[index] ?? 0))).toStrictEqual([2, 1, 1, 3]);
  });

  test("asks which homes are up and how many pins are reserved, when it is scraped", async () => {
    expect(await valueOf('pimcp_home_up{home="home"}')).toBe(1);
    await home.break("/health", "reset");
    expect(await valueOf('pimcp_home_up{home="home"}')).toBe(0);
    await home.mend();
    const held = await valueOf('pimcp_reservations_held{home="home"}');
    await made("reserve_gpio_pin", { gpio_id: 20, client_id: "watering", duration_seconds: 60 });
    expect(await valueOf('pimcp_reservations_held{home="home"}')).toBe(held + 1);
    await made("release_gpio_pin", { gpio_id: 20, client_id: "watering" });
    expect(await valueOf('pimcp_reservations_held{home="home"}')).toBe(held);
    expect(await valueOf('pimcp_token_renewals_total{home="home",by="sign-in"}')).toBeGreaterThan(0);
  });
});
