import * as z from "zod";
import type { HomePorts } from "../contract/context.ts";
import { ROLES } from "../contract/role.ts";
import { defineTool } from "../contract/tool.ts";
import { Fault } from "../lib/errors.ts";
import { Id } from "../pi/schemas/ids.ts";
import { READS } from "./hints.ts";

/** Tools for which released controllers have no way (contract, section 5); the first three, K3s itself has. */
const POD_TOOLS: readonly string[] = ["deploy_pod", "get_pod", "delete_pod"];
const NOT_ON_RELEASED: readonly string[] = [...POD_TOOLS, "provision_node"];

const HomeRow = z.object({
  id: z.string(),
  name: z.string(),
  your_role: z.enum(ROLES),
  reachable: z.boolean(),
  down_since: z.string().optional(),
  why: z.string().optional(),
  status: z.string().optional().describe("of its pi-controller"),
  dialect: z.enum(["documented", "released"]).optional().describe("which kind of pi-controller it has"),
  tools_that_do_not_work: z.array(z.string()).optional(),
  pods_only_on_clusters: z.array(Id).optional().describe("deploy_pod, get_pod and delete_pod work on these alone"),
});

/** What a home's controller lacks, and where K3s makes up for it. */
function lackingOf(dialect: string, { deployments: { k3sClusters } }: HomePorts["pi"]) {
  if (dialect !== "released") return { tools_that_do_not_work: [] };
  if (k3sClusters.length === 0) return { tools_that_do_not_work: [...NOT_ON_RELEASED] };
  return {
    tools_that_do_not_work: NOT_ON_RELEASED.filter((tool) => !POD_TOOLS.includes(tool)),
    pods_only_on_clusters: [...k3sClusters],
  };
}

/** One home as it is now. */
async function rowOf({ home, role, pi, trouble }: HomePorts): Promise<z.output<typeof HomeRow>> {
  const known = { id: home.id, name: home.name, your_role: role };
  try {
    const { status, dialect } = await pi.system.vitals();
    return { ...known, reachable: true, status, dialect, ...lackingOf(dialect, pi) };
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return { ...known, reachable: false, down_since: trouble()?.since, why: error.message };
  }
}

export const listHomes = defineTool({
  name: "list_homes",
  title: "List homes",
  description: "List your homes: whether each is reachable, your role there, and which tools do not work on it.",
  role: "viewer",
  scope: "gateway",
  input: z.strictObject({}),
  output: z.object({ homes: z.array(HomeRow) }),
  annotations: READS,
  async run(_input, { everyHome }) {
    return { homes: await Promise.all(everyHome().map((home) => rowOf(home))) };
  },
});
