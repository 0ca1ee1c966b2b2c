import type {
  Prompt as ListedPrompt,
  Resource as ListedResource,
  ResourceTemplateType,
  Tool as ListedTool,
} from "@modelcontextprotocol/server";
import * as z from "zod";
import type { Catalogue } from "../contract/catalogue.ts";
import type { AnyPrompt } from "../contract/prompt.ts";
import type { AnyResource } from "../contract/resource.ts";
import { atLeast, type Role } from "../contract/role.ts";
import type { AnyTool } from "../contract/tool.ts";
import { CONFIRM_TOKEN } from "./confirm.ts";

/** Every answer names its home. */
const HOME_FIELD = z.string().describe("Home that answered");

/** What one role is told of the catalogue. */
export interface Description {
  readonly tools: ListedTool[];
  /** Those without parameters. */
  readonly resources: ListedResource[];
  readonly templates: ResourceTemplateType[];
  /** The resources behind the templates. */
  readonly families: readonly AnyResource[];
  readonly prompts: ListedPrompt[];
}

type JsonObject = Record<string, unknown> & { type: "object" };

function jsonSchema(schema: z.ZodObject, io: "input" | "output"): JsonObject {
  const { $schema: _version, ...json } = z.toJSONSchema(schema, { io });
  return { ...json, type: "object" };
}

/** Short, for every tool that confirms has it. */
const CONFIRM_FIELD = z.string().optional().describe("From this call's first answer, once the person agreed");

/**
 * A tool as a client is told of it.
 * @param confirms whether this deployment asks before what has a preview
 */
export function describeTool(tool: AnyTool, confirms = true): ListedTool {
  const asks = confirms && tool.preview !== undefined;
  return {
    name: tool.name,
    title: tool.title,
    description: tool.description,
    inputSchema: jsonSchema(asks ? tool.input.extend({ [CONFIRM_TOKEN]: CONFIRM_FIELD }) : tool.input, "input"),
    outputSchema: jsonSchema(
      tool.scope === "gateway" ? tool.output : tool.output.extend({ home: HOME_FIELD }),
      "output",
    ),
    annotations: { title: tool.title, ...tool.annotations },
    ...(tool.view === undefined ? {} : { _meta: { ui: { resourceUri: tool.view } } }),
  };
}

export const MIME_TYPE = "application/json";

function describeResource({ uri, name, title, description }: AnyResource): ListedResource {
  return { uri, name, title, description, mimeType: MIME_TYPE };
}

function describeTemplate({ uri, name, title, description }: AnyResource): ResourceTemplateType {
  return { uriTemplate: uri, name, title, description, mimeType: MIME_TYPE };
}

function describePrompt({ name, title, description, arguments: args }: AnyPrompt): ListedPrompt {
  const { properties, required = [] } = z.toJSONSchema(args, { io: "input" });
  const described = Object.entries(properties ?? {}).map(([argument, schema]) => ({
    name: argument,
    required: required.includes(argument),
    ...(typeof schema === "object" && schema.description !== undefined ? { description: schema.description } : {}),
  }));
  return { name, title, description, arguments: described };
}

const isTemplate = (resource: AnyResource) => resource.uri.includes("{");

function describeFor(catalogue: Catalogue, role: Role, confirms: boolean): Description {
  const permitted = (each: { readonly role: Role }) => atLeast(role, each.role);
  const resources = catalogue.resources.filter(permitted);
  const families = resources.filter((resource) => isTemplate(resource));
  return {
    tools: catalogue.tools.filter(permitted).map((tool) => describeTool(tool, confirms)),
    resources: resources.filter((resource) => !isTemplate(resource)).map((resource) => describeResource(resource)),
    templates: families.map((resource) => describeTemplate(resource)),
    families,
    prompts: catalogue.prompts.filter(permitted).map((prompt) => describePrompt(prompt)),
  };
}

/**
 * What each role is told, made once: it costs more than a call.
 * @param confirms as in `describeTool`
 */
export function describeCatalogue(catalogue: Catalogue, confirms = true): Readonly<Record<Role, Description>> {
  const describe = (role: Role) => describeFor(catalogue, role, confirms);
  return { viewer: describe("viewer"), operator: describe("operator"), admin: describe("admin") };
}
