import type { Tool } from "@modelcontextprotocol/client";
import { type Capability, MAX_DESCRIPTION } from "../federation/wire/manifest.ts";
import { plainSchema } from "./plain-schema.ts";

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

type Annotations = NonNullable<Tool["annotations"]>;

/** What is not said is what MCP assumes. */
function claimed({ readOnlyHint = false, destructiveHint = true, ...rest }: Annotations): Capability["hints"] {
  const { idempotentHint = false, openWorldHint = true } = rest;
  return {
    readOnly: readOnlyHint,
    destructive: !readOnlyHint && destructiveHint,
    idempotent: idempotentHint,
    openWorld: openWorldHint,
  };
}

/** A server's tool as a capability; what it says of itself is a claim. */
export function capabilityOf(server: string, tool: Tool, heavy: boolean): Capability {
  const { annotations = {}, inputSchema, outputSchema } = tool;
  const title = tool.title ?? annotations.title ?? tool.name;
  return {
    name: capabilityName(server, tool.name),
    title: cut(title, MAX_TITLE),
    description: cut(tool.description ?? title, MAX_DESCRIPTION),
    inputSchema: { ...plainSchema(inputSchema), type: "object" },
    ...(outputSchema?.["type"] === "object" ? { outputSchema: { ...plainSchema(outputSchema), type: "object" } } : {}),
    hints: claimed(annotations),
    weight: heavy ? "heavy" : "light",
  };
}
