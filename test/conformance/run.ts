import type { Gateway } from "../../scripts/support/wrangler.ts";
import { ACCOUNTS, tokenFor } from "../support/clients.ts";
import { runAuthorizationScenarios } from "./authorization.ts";
import { EXPECTED_FAILURES } from "./expected-failures.ts";
import { type Served, startGateway } from "./gateways.ts";
import { GENERIC, sortingOf, UNTRIED } from "./generic.ts";
import { inspect, inspectBadTool } from "./inspector.ts";
import { type Proxy, withToken } from "./proxy.ts";
import type { Found } from "./report.ts";
import type { Scenario } from "./results.ts";
import { runServerScenarios, SPEC_VERSIONS, type SpecVersion } from "./suite.ts";
import { type Expected, judge } from "./verdict.ts";

type Say = (text: string) => void;

/** Does one thing for each revision, one after the other: the scenarios look at the clock. */
async function forVersions<Value>(
  work: (version: SpecVersion) => Promise<Value>,
): Promise<Readonly<Record<SpecVersion, Value>>> {
  const [modern, legacy] = SPEC_VERSIONS;
  return { [modern]: await work(modern), [legacy]: await work(legacy) };
}

const FIXTURES_EXPECTED: Readonly<Record<SpecVersion, readonly Expected[]>> = {
  "2026-07-28": [],
  "2025-11-25": EXPECTED_FAILURES,
};

const isGeneric = ({ name }: Scenario) => GENERIC.includes(name);

interface Running {
  readonly gateway: Gateway;
  readonly proxy: Proxy;
}

/** Starts a gateway, signs in, and stands a proxy before it, for as long as `work` takes. */
async function behindProxy<Value>(served: Served, work: (running: Running) => Promise<Value>): Promise<Value> {
  const gateway = await startGateway(served);
  try {
    const proxy = await withToken(gateway.url, await tokenFor(gateway.url, ACCOUNTS.admin));
    try {
      return await work({ gateway, proxy });
    } finally {
      await proxy.close();
    }
  } finally {
    await gateway.stop();
  }
}

/** Runs everything; takes about a minute. */
export async function findOut(say: Say): Promise<Found> {
  const fixtures = await behindProxy("fixtures", ({ proxy }) =>
    forVersions(async (version) => {
      say(`The suite's fixtures, ${version} …`);
      return judge(await runServerScenarios(proxy.url, version), FIXTURES_EXPECTED[version]);
    }),
  );
  return behindProxy("catalogue", async ({ gateway, proxy }) => {
    const ran = await forVersions((version) => {
      say(`The real catalogue, ${version} …`);
      return runServerScenarios(proxy.url, version);
    });
    const catalogueOf = (version: SpecVersion) => judge(ran[version].filter(isGeneric), UNTRIED[version]);
    const authorization = await forVersions(async (version) => {
      say(`The authorization server, ${version} …`);
      return judge(await runAuthorizationScenarios(gateway.url, version), []);
    });
    say("The Inspector …");
    return {
      suite: {
        fixtures,
        catalogue: { "2026-07-28": catalogueOf("2026-07-28"), "2025-11-25": catalogueOf("2025-11-25") },
        authorization,
      },
      sorting: sortingOf(SPEC_VERSIONS.flatMap((version) => ran[version].map(({ name }) => name))),
      inspector: { modern: await inspect(proxy.url, "modern"), legacy: await inspect(proxy.url, "legacy") },
      control: await inspectBadTool(),
    };
  });
}
