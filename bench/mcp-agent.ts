import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import { McpAgent } from "agents/mcp";
import { z } from "zod";
import { parseConfig } from "../src/config.ts";
import { createSealer } from "../src/lib/crypto.ts";
import { TokenKeeper, type UpstreamLogin } from "../src/pi/auth.ts";
import { clusters } from "../src/pi/clusters.ts";
import { sender } from "../src/pi/send.ts";
import { tokenCache } from "../src/pi/token-cache.ts";
import { listClusters } from "../src/tools/cluster.ts";
import { pageFields } from "../src/tools/fields.ts";
import { tools } from "../src/tools/index.ts";

/** What the bench's own authorization server puts into a grant. */
export type BaselineProps = { home: string; userId: string; login: UpstreamLogin };

/** The longest that one call may take, in milliseconds. */
const CALL_TIME_MS = 20_000;

const Home = z.string().describe("Home that answered");

/**
 * The baseline: the same tools in an `McpAgent`, written the way its documentation shows. The measured tool
 * asks the upstream with the gateway's own client; the others are only listed.
 *
 * What it leaves out makes it faster, not slower: no role, no fault, no log line, no other ports.
 */
export class BaselineAgent extends McpAgent<Env, unknown, BaselineProps> {
  override server = new McpServer({ name: "baseline", version: "1.0.0" });
  #keeper: TokenKeeper | undefined;

  override init(): Promise<void> {
    for (const { name, title, description, input, output, annotations } of tools) {
      const outputSchema = output.extend({ home: Home });
      const options = { title, description, inputSchema: input, outputSchema, annotations };
      this.server.registerTool(name, options, (args) => this.#call(name, args));
    }
    return Promise.resolve();
  }

  async #call(name: string, args: Record<string, unknown>) {
    if (name !== listClusters.name) throw new Error(`${name} is not measured`);
    const structuredContent = await this.#listClusters(listClusters.input.parse(args));
    return { content: [{ type: "text" as const, text: JSON.stringify(structuredContent) }], structuredContent };
  }

  async #listClusters(page: z.output<typeof listClusters.input>) {
    const { props } = this;
    if (props === undefined) throw new Error("no grant");
    const endpoint = {
      name: props.home,
      url: this.env.PI_CONTROLLER_URL,
      timeoutMs: CALL_TIME_MS,
      fetch: (url: string, init: RequestInit) => fetch(url, init),
    };
    this.#keeper ??= new TokenKeeper(endpoint, this.#cache(), `baseline:${props.userId}`);
    const send = sender(endpoint, this.#keeper, props.login, AbortSignal.timeout(CALL_TIME_MS));
    const { rows, total } = await clusters(send).list(page);
    const value = { clusters: [...rows], ...pageFields(page.offset, rows.length, total) };
    return { home: props.home, ...listClusters.output.parse(value) };
  }

  #cache() {
    return tokenCache(this.env.TOKEN_CACHE, createSealer(parseConfig({ ...this.env }).tokenKey));
  }
}
