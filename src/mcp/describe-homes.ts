import type {
  Prompt as ListedPrompt,
  Resource as ListedResource,
  ResourceTemplateType,
  Tool as ListedTool,
} from "@modelcontextprotocol/server";
import * as z from "zod";
import type { Caller } from "../contract/caller.ts";
import type { Catalogue } from "../contract/catalogue.ts";
import { ALL_HOMES } from "../contract/context.ts";
import type { AnyTool } from "../contract/tool.ts";
import type { Description } from "./describe.ts";
import { HOME, homesFor } from "./homes.ts";
import { forHome, HOME_IN_TEMPLATE } from "./uri.ts";

/** What is described to a caller with several homes: the same catalogue, with a home to choose everywhere. */

type Homes = Caller["homes"];
const JsonObject = z.record(z.string(), z.json());
type JsonProperties = z.output<typeof JsonObject>;

/** "cottage (Cottage by the lake)"; the id alone where the name says no more. */
function named(homes: Homes, ids: readonly string[]): string {
  return ids
    .map((id) => {
      const name = homes[id]?.name ?? id;
      return name === id ? id : `${id} (${name})`;
    })
    .join(", ");
}

function homeSchema(homes: Homes, ids: readonly string[], all: boolean): JsonProperties {
  return {
    type: "string",
    enum: all ? [...ids, ALL_HOMES] : [...ids],
    description: `Home: ${named(homes, ids)}${all ? `, or ${ALL_HOMES} of them` : ""}`,
  };
}

/** An answer about one home, or about all: then each home's part is in `homes`. */
function outputForAll({ outputSchema }: ListedTool): ListedTool["outputSchema"] {
  if (outputSchema === undefined) return undefined;
  const own = JsonObject.parse(outputSchema["properties"]);
  const part: JsonProperties = { ...own, error: { type: "string" }, down_since: { type: "string" } };
  const items: JsonProperties = { type: "object", properties: part, required: [HOME] };
  const homes: JsonProperties = { type: "array", items, description: `with home "${ALL_HOMES}"` };
  return { ...outputSchema, properties: { ...own, homes }, required: [HOME] };
}

function toolFor(listed: ListedTool, tool: AnyTool, homes: Homes, ids: readonly string[]): ListedTool {
  if (tool.scope === "gateway") return listed;
  const all = tool.scope === "homes";
  const { inputSchema } = listed;
  const properties = { [HOME]: homeSchema(homes, ids, all), ...inputSchema.properties };
  return {
    ...listed,
    inputSchema: { ...inputSchema, properties, required: [HOME, ...(inputSchema.required ?? [])] },
    ...(all ? { outputSchema: outputForAll(listed) } : {}),
  };
}

function resourceFor(listed: ListedResource, homes: Homes, id: string): ListedResource {
  const title = `${listed.title ?? listed.name}: ${homes[id]?.name ?? id}`;
  return { ...listed, uri: forHome(listed.uri, id), name: `${listed.name}-${id}`, title };
}

const templateFor = (listed: ResourceTemplateType): ResourceTemplateType => ({
  ...listed,
  uriTemplate: listed.uriTemplate + HOME_IN_TEMPLATE,
});

const promptFor = (listed: ListedPrompt, homes: Homes, ids: readonly string[]): ListedPrompt => ({
  ...listed,
  arguments: [{ name: HOME, required: true, description: `Home: ${named(homes, ids)}` }, ...(listed.arguments ?? [])],
});

/**
 * What a caller with several homes is told.
 * @param whole what an admin of one home is told
 */
export function describeForHomes(catalogue: Catalogue, whole: Description, caller: Caller): Description {
  const { homes } = caller;
  const tools = catalogue.tools.flatMap((tool) => {
    const ids = homesFor(caller, tool);
    const listed = whole.tools.find(({ name }) => name === tool.name);
    return ids.length === 0 || listed === undefined ? [] : [toolFor(listed, tool, homes, ids)];
  });
  const resources = whole.resources.flatMap((listed) => {
    const resource = catalogue.resources.find(({ uri }) => uri === listed.uri);
    return resource === undefined ? [] : homesFor(caller, resource).map((id) => resourceFor(listed, homes, id));
  });
  const families = whole.families.filter((family) => homesFor(caller, family).length > 0);
  const templates = whole.templates.filter(({ uriTemplate }) => families.some(({ uri }) => uri === uriTemplate));
  const prompts = catalogue.prompts.flatMap((prompt) => {
    const ids = homesFor(caller, prompt);
    const listed = whole.prompts.find(({ name }) => name === prompt.name);
    return ids.length === 0 || listed === undefined ? [] : [promptFor(listed, homes, ids)];
  });
  return { tools, resources, families, templates: templates.map((listed) => templateFor(listed)), prompts };
}
