import { tools } from "../../../src/tools/index.ts";

/** Each tool fails at homes of its own, so that all can be called at the same time. */

/** These wait for 18 s whenever it is not known how the work goes: each has several homes, and waits at all at once. */
const PATIENT: ReadonlySet<string> = new Set([
  "provision_cluster",
  "scale_cluster",
  "provision_node",
  "provision_nodes",
  "deprovision_node",
]);

/** The homes at which a tool is called. */
export function homesOf(tool: string): readonly string[] {
  const id = tool.replaceAll("_", "-");
  return PATIENT.has(tool) ? [id, `${id}-2`, `${id}-3`] : [id];
}

export const HOME_IDS: readonly string[] = tools.flatMap(({ name }) => homesOf(name));

/** A test's `fetch` leads from there to where the home listens. */
export const addressOf = (homeId: string) => `https://${homeId}.home.example`;

/** How long one request to a home may take, in milliseconds. */
export const TIMEOUT_MS = 10_000;

export const HOMES = HOME_IDS.map((id) => ({ id, url: addressOf(id), timeout: TIMEOUT_MS }));
