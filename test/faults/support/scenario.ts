import { createWorld } from "../../../src/demo/world.ts";
import { tools } from "../../../src/tools/index.ts";
import { GOOD_CALLS, type GoodCall } from "../../support/good-calls.ts";
import type { Calls } from "../../support/whole.ts";
import { homesOf } from "./places.ts";
import type { Controls } from "./control.ts";

/** A call of each tool that would go well, made ready at the tool's home. */

const succeeds = ({ outcome }: GoodCall) => "value" in ("documented" in outcome ? outcome.documented : outcome);

/** What succeeds at a documented controller; else what there is, for some tools are only good for a refusal here. */
function goodCall(tool: string): GoodCall {
  const calls = GOOD_CALLS.filter((call) => call.tool === tool);
  const found = calls.find(succeeds) ?? calls[0];
  if (found === undefined) throw new Error(`there is no good call of ${tool}`);
  return found;
}

/** A tool with its good call. */
export interface Scenario {
  readonly tool: string;
  readonly homeId: string;
  readonly reads: boolean;
  /** Whether a person must agree. */
  readonly asks: boolean;
  readonly good: GoodCall;
}

/** Each tool at each of its homes. */
export const SCENARIOS: readonly (Scenario & { readonly lane: number; readonly lanes: number })[] = tools.flatMap(
  ({ name, annotations, ...tool }) =>
    homesOf(name).map((homeId, lane, { length: lanes }) => {
      const [reads, asks] = [annotations.readOnlyHint, tool.preview !== undefined];
      return { tool: name, homeId, lane, lanes, reads, asks, good: goodCall(name) };
    }),
);

/** Those of the short form: changes that do not wait to know how the work goes. */
export const SHORT_SCENARIOS = SCENARIOS.filter(({ reads, lanes }) => !reads && lanes === 1);

/** Makes a home ready: what the call needs is there. @returns what to call the tool with */
export async function makeReady({ tool, homeId, good }: Scenario, home: Controls, guest: Calls) {
  await home.begin();
  // The world is outside of this isolate: what is changed in a copy is carried over.
  const world = createWorld(Date.now());
  const before = Object.fromEntries(Object.entries(world).map(([part, value]) => [part, JSON.stringify(value)]));
  const more = await good.first?.(guest, world);
  if (Object.values(more ?? {}).includes(undefined)) throw new Error(`${tool} could not be made ready at ${homeId}`);
  const changed = Object.entries(world).filter(([part, value]) => JSON.stringify(value) !== before[part]);
  if (changed.length > 0) await home.patch(Object.fromEntries(changed));
  // Only this one names its home.
  const named = tool === "diagnose_home" ? { home_id: homeId } : {};
  const args: Readonly<Record<string, unknown>> = { ...good.args, ...more, ...named };
  return args;
}
