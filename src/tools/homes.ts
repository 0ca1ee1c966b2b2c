import { z } from "zod";
import type { HomePorts } from "../contract/context.ts";
import { ROLES } from "../contract/role.ts";
import { defineTool } from "../contract/tool.ts";
import { Fault } from "../lib/errors.ts";
import { READS } from "./hints.ts";

/** Tools for which released controllers have no way (contract, section 5). */
const NOT_ON_RELEASED: readonly string[] = ["deploy_pod", "get_pod", "delete_pod", "provision_node"];

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
});

/** One home as it is now. */
async function rowOf({ home, role, pi, trouble }: HomePorts): Promise<z.output<typeof HomeRow>> {
  const known = { id: home.id, name: home.name, your_role: role };
  try {
    const { status, dialect } = await pi.system.vitals();
    const lacking = dialect === "released" ? NOT_ON_RELEASED : [];
    return { ...known, reachable: true, status, dialect, tools_that_do_not_work: [...lacking] };
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
