import type { Proof } from "../../scripts/support/proof.ts";
import { PING_MS } from "../../src/federation/wire/limits.ts";
import { serveDemoHome } from "../../src/demo/serve.ts";
import { callAims, idleAims } from "./aims.ts";
import { ACCOUNTS, tokenFor } from "../../test/support/clients.ts";
import { beating } from "./beating.ts";
import { clientWith } from "./client.ts";
import { cpuOfCall } from "./cpu.ts";
import { type CountedGateway, startCounted } from "./gateway.ts";
import { idle, type IdlePlan } from "./idle.ts";
import * as kinds from "./kinds.ts";
import { bills, page } from "./page.ts";
import type { Beside } from "./prices.ts";

/** Counts everything, and makes of it what is published. */

/** How much faster than real the demo home provisions. */
const TIME_SCALE = 20;

/** What the whole command leaves idle. */
const IDLE: IdlePlan = { sessions: 1000, nodes: 50, reservations: 100, watchMs: 30_000 };
const CPU_CALLS = 400;

/** Where the machine does not tell, and what is assumed beside what was counted. */
const ASSUMED: Beside = { cpuMsPerRequest: 5, homeMs: 150, objectGb: 0.005, kvGb: 0.0001 };

/** Runs work with a gateway whose operations are counted, over a demo home. */
async function withGateway<Value>(work: (gateway: CountedGateway, home: string) => Promise<Value>, traced = true) {
  const home = await serveDemoHome({ port: 0, dialect: "documented", timeScale: TIME_SCALE });
  try {
    const gateway = await startCounted(home.url, traced);
    try {
      return await work(gateway, home.url);
    } finally {
      await gateway.stop();
    }
  } finally {
    await home.close();
  }
}

/** Everything that is done at a gateway that is in use. */
async function everything(notes: kinds.Notes): Promise<void> {
  const client = await kinds.connecting(notes);
  await kinds.reading(notes, client);
  await kinds.writing(notes, client);
  const node = await kinds.federating(notes, client);
  await beating(notes, node);
  await kinds.pausing(notes, client);
  await kinds.ending(notes, client);
  await kinds.visiting(notes);
  await kinds.listening(notes, client);
}

/** What `npm run cost` publishes. */
export async function cost(): Promise<Proof> {
  const used = await withGateway(async (gateway) => {
    const notes = new kinds.Notes(gateway);
    await everything(notes);
    return notes.kinds;
  });
  const left = await withGateway((gateway, home) => idle(gateway, home, IDLE, PING_MS));
  // What traces costs more than what is traced.
  const cpuMs = await withGateway(async ({ url, state }) => {
    const client = clientWith(url, await tokenFor(url, ACCOUNTS.admin));
    return cpuOfCall(state, client, CPU_CALLS);
  }, false);
  const all = [...used, left.forgotten];
  const beside = { ...ASSUMED, cpuMsPerRequest: cpuMs ?? ASSUMED.cpuMsPerRequest };
  return {
    part: "cost",
    options: "",
    aims: [...callAims(all), ...idleAims(left)],
    details: page(all, left, beside, cpuMs),
    results: { kinds: all, idle: left, cpu_ms: cpuMs ?? null, bills: bills(all, beside) },
  };
}
