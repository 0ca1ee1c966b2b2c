import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePort, type Gateway, startWrangler } from "../../../scripts/support/wrangler.ts";
import { type Controls, controls, tellAt } from "../support/control.ts";
import { startHomes } from "../support/homes.ts";
import { judge, type Verdict } from "../support/judge.ts";
import { HOME_IDS } from "../support/places.ts";
import { Remote } from "../support/remote.ts";
import { makeReady, type Scenario, SCENARIOS } from "../support/scenario.ts";
import { PASSWORDS, type Told } from "../support/told.ts";
import { FIRST_CHANGE, FIRST_READ, type Seen } from "../support/words.ts";

/** The real Worker is replaced while every tool is being called, and started with other keys between two calls. */

const AT_FIRST = SCENARIOS.filter(({ lane }) => lane === 0);
/** Operations that were cut off go on at the others. */
const AT_LAST = SCENARIOS.filter(({ lane, lanes }) => lane === lanes - 1);
const folder = mkdtempSync(join(tmpdir(), "pimcp-restarts-"));
const newKey = () => randomBytes(32).toString("base64");

let homes: Awaited<ReturnType<typeof startHomes>>;
let gateway: Gateway | undefined;
let port = 0;

beforeAll(async () => {
  homes = await startHomes(HOME_IDS);
  port = await freePort();
});
afterAll(async () => {
  await gateway?.stop();
  await homes.close();
  rmSync(folder, { recursive: true, force: true });
});

const steer = (homeId: string): Controls => controls((what, body) => tellAt(fetch, homes.control, homeId, what, body));

/** Starts the Worker with these keys on the storage of the one before. */
async function startWith(keys: Readonly<Record<string, string>>): Promise<string> {
  await gateway?.stop();
  const places = HOME_IDS.map((id) => ({ id, url: `http://127.0.0.1:${homes.ports[id]}` }));
  const values = { ENVIRONMENT: "development", LIMITS: "off", HOMES: JSON.stringify(places), ...keys };
  const file = join(folder, "faults.vars");
  const lines = Object.entries(values).map(([name, value]) => `${name}='${value}'\n`);
  writeFileSync(file, lines.join(""), { mode: 0o600 });
  gateway = await startWrangler({ port, envFiles: [file], persistTo: join(folder, "state") });
  return gateway.url;
}

/** A tool's caller, and what they call it with. */
interface Ready {
  readonly scenario: Scenario;
  readonly remote: Remote;
  readonly args: Readonly<Record<string, unknown>>;
}

const remotes = new Map<string, Remote>();

/** Makes all homes ready, a few at a time. */
async function readyAtAll(url: string, scenarios: readonly Scenario[]): Promise<Ready[]> {
  const ready: Ready[] = [];
  for (let from = 0; from < scenarios.length; from += 8) {
    const some = scenarios.slice(from, from + 8).map(async (scenario) => {
      const { homeId } = scenario;
      const remote = remotes.get(homeId) ?? new Remote(url, homeId);
      remotes.set(homeId, remote);
      return { scenario, remote, args: await makeReady(scenario, steer(homeId), remote) };
    });
    ready.push(...(await Promise.all(some)));
  }
  return ready;
}

const unique = (names: readonly string[]) => [...new Set(names)];

/** Whether a good call of it changes anything at the home. */
const CHANGES_ELSEWHERE = /^(freeze_home|write_context|cancel_operation|break_reservation|reserve_gpio_pin)$/;

/** No good call changes the same thing twice: what is there twice was done twice. */
function verdictOn({ tool, homeId, reads }: Scenario, told: Told, seen: Seen, inTheEnd: Seen): Verdict {
  const once: Seen = { requests: unique(inTheEnd.requests), changes: unique(inTheEnd.changes), struck: 0 };
  const good = { told, seen: once };
  const observed = { homeId, reads, told, seen, good, inTheEnd, mayResend: false, secrets: PASSWORDS };
  const verdict = judge({ ...observed, told });
  const missing = told.kind === "value" && !reads && !CHANGES_ELSEWHERE.test(tool) && seen.changes.length === 0;
  const why = "says that it was done, and nothing was";
  return missing ? { ...verdict, problems: [...verdict.problems, { what: "told falsely", why }] } : verdict;
}

const WHAT = {
  deploy: "the Worker is replaced in the middle",
  "key-rotated": "the key is rotated between two calls",
  "key-lost": "the key is replaced, and the old one lost",
} as const;

const cellOf = (
  { scenario: { tool, reads, homeId } }: Ready,
  fault: keyof typeof WHAT,
  told: Told,
  verdict: Verdict,
) => {
  const cell = { tool, reads, fault, what: WHAT[fault], at: "", told: told.text, ms: told.ms, ...verdict };
  return tellAt(fetch, homes.control, homeId, "results", [cell]).then(() => cell);
};

const FILE = process.env["FAULTS_FILE"];
afterAll(() => {
  if (FILE !== undefined) writeFileSync(`${FILE}.restarts`, JSON.stringify(homes.results));
});

/** Calls all tools on a Worker that has other keys than the one at which consent was given. */
async function withKeys(fault: "key-rotated" | "key-lost", keys: Readonly<Record<string, string>>) {
  const ready = await readyAtAll(gateway?.url ?? "", AT_LAST);
  const asked = await Promise.all(
    ready.map(async ({ scenario, remote, args }) => {
      await steer(scenario.homeId).aim(null);
      remote.consent = undefined;
      // Only what wants a consent is asked before the keys change: the question changes nothing.
      return scenario.asks ? remote.once(scenario.tool, args) : undefined;
    }),
  );
  expect(asked.filter((told) => told !== undefined).every(({ fault: told }) => told?.confirm_token)).toBe(true);
  await startWith(keys);
  const cells = ready.map(async (each) => {
    const { scenario, remote, args } = each;
    const { tool, homeId } = scenario;
    const given = remote.consent === undefined ? args : { ...args, confirm_token: remote.consent };
    const told = await remote.told(tool, given);
    const seen = await steer(homeId).seen();
    if (remote.consent !== undefined) await remote.once(tool, { ...args, confirm_token: remote.consent });
    const inTheEnd = await steer(homeId).seen();
    return cellOf(each, fault, told, verdictOn(scenario, told, seen, inTheEnd));
  });
  return Promise.all(cells);
}

describe("every tool", () => {
  const [first, second, third] = [newKey(), newKey(), newKey()];
  let begun: Ready[] = [];

  test("while the Worker is replaced in the middle of the call", async () => {
    const before = await startWith({ TOKEN_KEY: first });
    begun = await readyAtAll(before, AT_FIRST);
    const calls = begun.map(async ({ scenario: { tool, homeId, reads }, remote, args }) => {
      const home = steer(homeId);
      await home.aim({ how: "held", at: reads ? FIRST_READ : FIRST_CHANGE, nth: 0, lasting: false });
      const call = remote.told(tool, args);
      await Promise.race([home.held(), call]);
      return { call };
    });
    const held = await Promise.all(calls);
    await gateway?.stop();
    const told = await Promise.all(held.map(({ call }) => call));
    await Promise.all(begun.map(({ scenario }) => steer(scenario.homeId).mend()));

    await startWith({ TOKEN_KEY: first });
    const cells = begun.map(async (each, index) => {
      const { scenario, remote, args } = each;
      const seen = await steer(scenario.homeId).seen();
      // The caller comes back: with the consent of before, if there was one.
      if (remote.consent !== undefined) await remote.once(scenario.tool, { ...args, confirm_token: remote.consent });
      const inTheEnd = await steer(scenario.homeId).seen();
      const mine = told[index] ?? { kind: "nothing", text: "", ms: 0 };
      const verdict = verdictOn(scenario, mine, seen, inTheEnd);
      // A broken connection says nothing, and so nothing false.
      const broken = mine.kind === "nothing" && mine.text.startsWith("the connection broke");
      const problems = verdict.problems.filter(({ what }) => !broken || what === "done twice");
      return cellOf(each, "deploy", mine, { outcome: broken ? "unknown" : verdict.outcome, problems });
    });
    expect((await Promise.all(cells)).filter(({ problems }) => problems.length > 0)).toStrictEqual([]);
  });

  test("after the key was rotated", async () => {
    const cells = await withKeys("key-rotated", { TOKEN_KEY: second, TOKEN_KEY_PREVIOUS: first });
    expect(cells.filter(({ problems }) => problems.length > 0)).toStrictEqual([]);
  });

  test("after the key was replaced, the old one lost", async () => {
    const cells = await withKeys("key-lost", { TOKEN_KEY: third });
    expect(cells.filter(({ problems }) => problems.length > 0)).toStrictEqual([]);
  });

  test("and nothing of what was cut off is done again later", async () => {
    // An operation whose object died is looked at again within 20 s; by now it was.
    const again = begun.map(async ({ scenario: { homeId } }) => (await steer(homeId).seen()).changes);
    for (const changes of await Promise.all(again)) expect(changes).toStrictEqual(unique(changes));
  });
});
