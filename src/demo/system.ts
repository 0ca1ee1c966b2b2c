import type { Demo, DemoApp } from "./demo.ts";
import { guard } from "./guard.ts";
import { mix, swing } from "./nature.ts";
import { live } from "./state.ts";
import { goDuration } from "./times.ts";

const MEBIBYTE = 1024 * 1024;
const HOUR = 3_600_000;

/** The seed's `system://health` (its section 3.4). */
function documentedHealth(demo: Demo) {
  const { world } = demo;
  return {
    status: "healthy",
    database: "connected",
    api_version: "v1.0.0",
    uptime_seconds: Math.floor((demo.now() - world.started_at) / 1000),
    clusters: live(world.clusters).length,
    nodes: live(world.nodes).length,
    gpio_devices: live(world.devices).length,
  };
}

/** Contract 2.5. */
function releasedHealth(demo: Demo) {
  const { world, shapes } = demo;
  const now = demo.now();
  return { status: "ok", timestamp: shapes.time(now), uptime: goDuration(now - world.started_at) };
}

/** Figures of the controller process. */
function processFigures(demo: Demo) {
  const now = demo.now();
  const alloc = Math.round(swing(1, now, HOUR, 18, 42) * MEBIBYTE);
  const num_gc = Math.floor((now - demo.world.started_at) / 120_000);
  return { now, alloc, num_gc, goroutines: 30 + (mix(Math.floor(now / 1000)) % 12) };
}

function info(demo: Demo) {
  const { now, alloc, num_gc, goroutines } = processFigures(demo);
  return {
    go_version: "go1.25.5",
    go_os: "linux",
    go_arch: "arm64",
    cpu_count: 4,
    goroutines,
    memory: {
      alloc,
      total_alloc: alloc * (num_gc + 1),
      sys: 96 * MEBIBYTE,
      heap_alloc: alloc,
      heap_sys: 80 * MEBIBYTE,
      heap_inuse: alloc + 2 * MEBIBYTE,
      heap_idle: 78 * MEBIBYTE - alloc,
      heap_objects: Math.floor(alloc / 90),
    },
    gc: { num_gc, pause_total: num_gc * 210_000, last_gc: demo.shapes.time(now - (now % 120_000)) },
    timestamp: demo.shapes.time(now),
    uptime: goDuration(now - demo.world.started_at),
  };
}

function metrics(demo: Demo) {
  const { now, alloc, num_gc, goroutines } = processFigures(demo);
  return {
    uptime_seconds: (now - demo.world.started_at) / 1000,
    goroutines_count: goroutines,
    memory_alloc: alloc,
    memory_sys: 96 * MEBIBYTE,
    gc_count: num_gc,
    gc_pause_total_ns: num_gc * 210_000,
    timestamp: Math.floor(now / 1000),
  };
}

/** Health, readiness and `/api/v1/system/*` (contract 2.5, 4.7). */
export function systemRoutes(app: DemoApp, demo: Demo): void {
  const documented = demo.quirks.dialect === "documented";
  const health = documented ? documentedHealth : releasedHealth;
  const healthPaths = ["/health", "/api/v1/health", ...(documented ? ["/api/v1/system/health"] : [])];
  for (const path of healthPaths) app.get(path, (c) => c.json(health(demo)));
  for (const path of ["/ready", "/api/v1/ready"]) {
    app.get(path, (c) => {
      const timestamp = demo.shapes.time(demo.now());
      return c.json({ status: "ready", timestamp, services: { database: "healthy" } });
    });
  }
  app.get("/api/v1/system/info", guard(demo, "viewer"), (c) => c.json(info(demo)));
  app.get("/api/v1/system/metrics", guard(demo, "viewer"), (c) => c.json(metrics(demo)));
}
