import gateway from "../../src/index.ts";
import { fetcherIn } from "../../src/homes/reach.ts";
import { TAKE_PATH } from "./invocation.ts";

export * from "../../src/index.ts";

/** The gateway itself, with a way to ask the collector. */
export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== TAKE_PATH) return gateway.fetch(request, env, ctx);
    const bindings: Readonly<Record<string, unknown>> = { ...env };
    const collector = fetcherIn(bindings["COLLECTOR"]);
    if (collector === undefined) throw new Error("the collector is not bound");
    return collector(request.url, {});
  },
} satisfies ExportedHandler<Env>;
