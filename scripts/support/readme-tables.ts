import type { AnyPrompt } from "../../src/contract/prompt.ts";
import type { AnyResource } from "../../src/contract/resource.ts";
import type { AnyTool } from "../../src/contract/tool.ts";

/** The README's tables that are made from the catalogue and held equal to it by a test. */

const mark = (name: string, end: "start" | "end") => `<!-- ${name}:${end} -->`;

/** The text between a table's marks, trimmed. */
export function markedPart(readme: string, name: string): string {
  const [, after = ""] = readme.split(mark(name, "start"));
  const [part = ""] = after.split(mark(name, "end"));
  return part.trim();
}

/** The README with another text between a table's marks. */
export function withMarkedPart(readme: string, name: string, part: string): string {
  const [before = "", after = ""] = readme.split(mark(name, "start"));
  const [, rest = ""] = after.split(mark(name, "end"));
  return `${before}${mark(name, "start")}\n\n${part}\n\n${mark(name, "end")}${rest}`;
}

export function toolTable(tools: readonly AnyTool[]): string {
  const rows = tools.map(({ name, role, description }) => `| \`${name}\` | ${role} | ${description} |`);
  return ["| tool | least role | what it does |", "| --- | --- | --- |", ...rows].join("\n");
}

export function resourceTable(resources: readonly AnyResource[]): string {
  const rows = resources.map(({ uri, role, description }) => `| \`${uri}\` | ${role} | ${description} |`);
  return ["| resource | least role | what it is |", "| --- | --- | --- |", ...rows].join("\n");
}

export function promptTable(prompts: readonly AnyPrompt[]): string {
  const rows = prompts.map(({ name, role, description }) => `| \`${name}\` | ${role} | ${description} |`);
  return ["| prompt | least role | what it asks for |", "| --- | --- | --- |", ...rows].join("\n");
}
