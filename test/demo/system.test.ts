import { describe, expect, test } from "vitest";
import { DIALECTS, openHome } from "./client.ts";

const GO_TIME = /^2026-01-14T12:00:00(\.\d{1,9})?Z$/;

describe.each(DIALECTS)("system, %s", (dialect) => {
  test("readiness needs no token", async () => {
    for (const path of ["/ready", "/api/v1/ready"]) {
      expect(await openHome(dialect).call("nobody", "GET", path)).toMatchObject({
        status: 200,
        body: { status: "ready", services: { database: "healthy" } },
      });
    }
  });

  test("the process is described", async () => {
    const home = openHome(dialect);
    expect((await home.call("viewer", "GET", "/api/v1/system/info")).body).toMatchObject({
      go_version: "go1.25.5",
      cpu_count: 4,
      memory: { alloc: expect.any(Number) },
      gc: { num_gc: expect.any(Number) },
      uptime: "24h0m0s",
    });
    expect((await home.call("viewer", "GET", "/api/v1/system/metrics")).body).toMatchObject({
      uptime_seconds: 86_400,
      timestamp: Date.UTC(2026, 0, 14, 12) / 1000,
    });
  });
});

test("the documented health is the seed's", async () => {
  const home = openHome("documented");
  for (const path of ["/health", "/api/v1/health", "/api/v1/system/health"]) {
    expect((await home.call("nobody", "GET", path)).body).toEqual({
      status: "healthy",
      database: "connected",
      api_version: "v1.0.0",
      uptime_seconds: 86_400,
      clusters: 3,
      nodes: 15,
      gpio_devices: 13,
    });
  }
});

test("the released health says ok, a time and a Go duration", async () => {
  const home = openHome("released");
  for (const path of ["/health", "/api/v1/health"]) {
    const { body } = await home.call("nobody", "GET", path);
    expect(body).toEqual({ status: "ok", timestamp: expect.stringMatching(GO_TIME), uptime: "24h0m0s" });
  }
  expect((await home.call("nobody", "GET", "/api/v1/system/health")).status).toBe(404);
});
