import { inject, vi } from "vitest";
import { z } from "zod";
import { type Controls, controls, tellAt } from "./control.ts";
import { addressOf } from "./places.ts";

/** Steers the homes from within the Worker's isolate. */

const network = globalThis.fetch;

const tell = (homeId: string, what: string, body?: unknown) =>
  tellAt(network, inject("homes").control, homeId, what, body);

/** What can be told to a home. */
export const steer = (homeId: string): Controls => controls((what, body) => tell(homeId, what, body));

/** Leaves what was found out for whoever writes the report. */
export const leave = (homeId: string, result: unknown) => tell(homeId, "results", result);

const Ports = z.record(z.string(), z.number());

/** Lets the Worker reach the homes: their names lead to the ports at which they listen. */
export function resolveHomes(): void {
  const ports = Ports.parse(inject("homes").ports);
  const origins = Object.entries(ports).map(([id, port]) => [addressOf(id), `http://127.0.0.1:${port}`] as const);
  const byName = new Map(origins);
  vi.stubGlobal("fetch", (input: string, init?: RequestInit) => {
    const { origin } = new URL(input);
    const real = byName.get(origin);
    return network(real === undefined ? input : real + input.slice(origin.length), init);
  });
}
