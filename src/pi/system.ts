import * as z from "zod";
import { Fault } from "../lib/errors.ts";
import { dialectOf, goSeconds, healthWord } from "./dialect.ts";
import { redactText } from "./redact.ts";
import { listOf } from "./schemas/envelope.ts";
import { HealthAnswer, ReadyAnswer, type SystemHealth } from "./schemas/system.ts";
import { type Endpoint, exchange } from "./request.ts";
import type { Send } from "./send.ts";

/** Whoever asks whether a home is up waits no longer than this, in milliseconds. */
const UP_MS = 5000;

/** Whether a home's controller answers, asked without a token. */
export async function isUp(endpoint: Endpoint): Promise<boolean> {
  const { signal } = new AbortController();
  try {
    const answer = await exchange(endpoint, { method: "GET", path: "/health", timeoutMs: UP_MS }, { signal });
    return answer.status === 200 && HealthAnswer.safeParse(answer.body).success;
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  }
}

/** A home's controller as a whole. */
export interface System {
  health(): Promise<SystemHealth>;
  /** Whether it lives and what it speaks, with one request. */
  vitals(): Promise<Pick<SystemHealth, "status" | "dialect">>;
}

export function system(send: Send): System {
  const ask = () => send({ method: "GET", path: "/health", schema: HealthAnswer, subject: "health" });
  return {
    async vitals() {
      const health = await ask();
      return { status: healthWord(health.status), dialect: dialectOf(health) };
    },
    async health() {
      const health = await ask();
      const [database, counts] = await Promise.all([
        health.database ?? databaseOf(send),
        health.clusters === undefined ? countsOf(send) : health,
      ]);
      return {
        status: healthWord(health.status),
        database: database === "healthy" ? "connected" : redactText(database),
        api_version: health.api_version ?? null,
        uptime_seconds: health.uptime_seconds ?? (health.uptime === undefined ? null : goSeconds(health.uptime)),
        clusters: counts.clusters ?? null,
        nodes: counts.nodes ?? null,
        gpio_devices: counts.gpio_devices ?? null,
        dialect: dialectOf(health),
      };
    },
  };
}

/** The state of the database; a controller that is not ready says so with 503 (contract 2.5). */
async function databaseOf(send: Send): Promise<string> {
  const ready = await send({
    method: "GET",
    path: "/ready",
    schema: ReadyAnswer,
    subject: "readiness",
    accepts: [503],
  });
  return ready.services?.database ?? "unknown";
}

const Counted = listOf(z.unknown());

async function countOf(send: Send, path: string): Promise<number | null> {
  const list = await send({ method: "GET", path, query: { limit: 1 }, schema: Counted, subject: `a count of ${path}` });
  return list.total ?? null;
}

/** What released controllers do not count themselves. */
async function countsOf(send: Send) {
  const [clusters, nodes, gpio_devices] = await Promise.all(
    ["/api/v1/clusters", "/api/v1/nodes", "/api/v1/gpio"].map((path) => countOf(send, path).catch(() => null)),
  );
  return { clusters, nodes, gpio_devices };
}
