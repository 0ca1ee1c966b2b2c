import type { Tool } from "@modelcontextprotocol/client";
import { type Capability, MAX_DESCRIPTION } from "../federation/wire/manifest.ts";

/** Lengths of the two parts of a capability's name. */
const MAX_DOMAIN = 32;
const MAX_VERB = 48;
const MAX_TITLE = 80;

/** "readFile 2" becomes "read_file_2": lower case, beginning with a letter. */
function normal(name: string, most: number): string {
  const plain = name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, "_");
  return (/^[a-z]/.test(plain) ? plain : `t_${plain}`).slice(0, most);
}

/** Name of the capability that a server's tool becomes. */
export const capabilityName = (server: string, tool: string) =>
  `${normal(server, MAX_DOMAIN)}.${normal(tool, MAX_VERB)}`;

const cut = (text: string, most: number) => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

/** A server's tool as a capability; what it says of itself is a claim, and what it does not say is what MCP assumes. */
export function capabilityOf(server: string, tool: Tool, heavy: boolean): Capability {
  const { annotations: hints = {} } = tool;
  const title = tool.title ?? hints.title ?? tool.name;
  const readOnly = hints.readOnlyHint ?? false;
  return {
    name: capabilityName(server, tool.name),
    title: cut(title, MAX_TITLE),
    description: cut(tool.description ?? title, MAX_DESCRIPTION),
    inputSchema: { ...tool.inputSchema, type: "object" },
    ...(tool.outputSchema?.["type"] === "object" ? { outputSchema: { ...tool.outputSchema, type: "object" } } : {}),
    hints: {
      readOnly,
      destructive: !readOnly && (hints.destructiveHint ?? true),
      idempotent: hints.idempotentHint ?? false,
      openWorld: hints.openWorldHint ?? true,
    },
    weight: heavy ? "heavy" : "light",
  };
}
