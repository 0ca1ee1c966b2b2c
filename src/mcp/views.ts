import type { ReadResourceResult, Resource as ListedResource } from "@modelcontextprotocol/server";
import type { Caller } from "../contract/caller.ts";
import type { Catalogue } from "../contract/catalogue.ts";
import { ALL_HOMES } from "../contract/context.ts";
import type { View } from "../contract/view.ts";
import type { Call } from "./call.ts";
import { mayUse } from "./homes.ts";
import { aboutCall, ended } from "./observe.ts";

/** The views of MCP Apps (its specification of 2026-01-26), beside the resources of homes: no home is asked for one. */

/** What the extension is announced as. */
export const VIEWS_EXTENSION = "io.modelcontextprotocol/ui";
const VIEW_MIME_TYPE = "text/html;profile=mcp-app";

/** A view changes with a deployment, and what it draws comes by another way. */
const VIEW_TTL_MS = 600_000;

/** No address may be reached from a view, and its host draws the border. */
const META = { ui: { csp: { connectDomains: [], resourceDomains: [] }, prefersBorder: true } };

/** The views of a catalogue, ready to be listed and read. */
export interface ServedViews {
  /** Those of the tools that this caller may call. */
  list(caller: Caller): ListedResource[];
  /** @returns `undefined` if it is no view that this caller may read */
  read(uri: string, call: Call): ReadResourceResult | undefined;
}

const describeView = ({ uri, name, title, description }: View): ListedResource => ({
  uri,
  name,
  title,
  description,
  mimeType: VIEW_MIME_TYPE,
  _meta: META,
});

export function servedViews({ tools, views = [] }: Catalogue): ServedViews {
  const viewsOf = (caller: Caller) =>
    views.filter(({ uri }) => tools.some((tool) => tool.view === uri && mayUse({ caller }, tool)));

  return {
    list: (caller) => viewsOf(caller).map((view) => describeView(view)),
    read(uri, call) {
      const view = viewsOf(call.caller).find((each) => each.uri === uri);
      if (view === undefined) return undefined;
      ended({ ...aboutCall("resource", view.name), home: ALL_HOMES }, "ok", call);
      return {
        contents: [{ uri, mimeType: VIEW_MIME_TYPE, text: view.html, _meta: META }],
        ttlMs: VIEW_TTL_MS,
        cacheScope: "private",
      };
    },
  };
}
