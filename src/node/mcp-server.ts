import {
  Client,
  ProtocolError,
  SdkError,
  SdkErrorCode,
  StreamableHTTPClientTransport,
  type Tool,
} from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import { CallResult, NODE_ERROR } from "../federation/wire/frames.ts";
import { sentence } from "../lib/sentence.ts";
import { failed } from "./answers.ts";
import { backoffMs, pauseFor } from "./backoff.ts";
import type { ServerSettings } from "./config.ts";
import { capabilityName, capabilityOf } from "./mcp-names.ts";
import { BadArguments, type Offered } from "./offer.ts";
import type { PluginCall } from "./plugin.ts";
import { whyOf } from "./sentences.ts";

/** How long a server may take to start; `npx` may have to download it first. */
const START_MS = 60_000;
/** How long it may take to say which era of MCP it is of; an older one may never say so. */
const PROBE_MS = 10_000;
/** A server over HTTP is asked for its tools this often, in milliseconds: it does not say when it dies. */
const LOOK_MS = 15_000;
const LOOK_TIMEOUT_MS = 10_000;
/** A server that ran for this long before it died is started again at once. */
const STEADY_MS = 60_000;
/** Whoever called says how long a call may take; this is for who does not. */
const CALL_MS = 24 * 60 * 60 * 1000;
/** Of what a server printed before it died. */
const MAX_PRINTED = 400;

export interface McpServerParts {
  readonly name: string;
  readonly settings: ServerSettings;
  /** "pimcp/0.1.0" */
  readonly agent: string;
  readonly changed: () => void;
  readonly tell: (line: string) => void;
}

/** One MCP server that is kept running. */
export interface McpServer {
  offered(): readonly Offered[];
  /** Why it offers nothing, or not all. */
  problem(): string | undefined;
  close(): Promise<void>;
}

interface Connection {
  readonly client: Client;
  /** The end of what it printed on standard error. */
  readonly printed: () => string;
}

function transportOf(settings: ServerSettings): {
  transport: StdioClientTransport | StreamableHTTPClientTransport;
  printed: () => string;
} {
  if ("url" in settings) {
    const { url, headers } = settings;
    return {
      transport: new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }),
      printed: () => "",
    };
  }
  const { command, args, env, cwd } = settings;
  const transport = new StdioClientTransport({
    command,
    args,
    env,
    stderr: "pipe",
    ...(cwd === undefined ? {} : { cwd }),
  });
  let printed = "";
  transport.stderr?.on("data", (data: Buffer) => {
    printed = (printed + data.toString("utf8")).slice(-MAX_PRINTED);
  });
  return { transport, printed: () => printed.trim() };
}

/** Starts a server, and again whenever it dies; its tools are capabilities while it runs. */
export function startMcpServer({ name, settings, agent, changed, tell }: McpServerParts): McpServer {
  const stop = new AbortController();
  let offered: readonly Offered[] = [];
  let listed = "";
  let problem: string | undefined = `The MCP server ${name} is being started.`;

  const take = (client: Client, tools: readonly Tool[]) => {
    const text = JSON.stringify(tools);
    if (text === listed) return;
    listed = text;
    const heavy = new Set(settings.heavy);
    const only = settings.tools === undefined ? undefined : new Set(settings.tools);
    offered = tools
      .filter((tool) => only === undefined || only.has(tool.name))
      .map((tool) => offeredBy(name, client, tool, heavy.has(tool.name)));
    changed();
  };
  const drop = () => {
    if (listed === "") return;
    listed = "";
    offered = [];
    changed();
  };

  const connect = async (): Promise<Connection> => {
    const { transport, printed } = transportOf(settings);
    const [title = "pimcp", version = "0"] = agent.split("/");
    const client: Client = new Client(
      { name: title, version },
      {
        versionNegotiation: { mode: "auto", probe: { timeoutMs: PROBE_MS } },
        listChanged: { tools: { onChanged: (error, tools) => void (error ?? (tools && take(client, tools))) } },
      },
    );
    try {
      await client.connect(transport, { timeout: START_MS, signal: stop.signal });
      stop.signal.throwIfAborted();
    } catch (error) {
      await client.close().catch(() => undefined);
      throw new Error([whyOf(error), printed()].filter((text) => text !== "").join(" It printed: "), { cause: error });
    }
    return { client, printed };
  };

  /** Runs it once, until it dies. */
  const runOnce = async () => {
    const gone = Promise.withResolvers<void>();
    const onGone = () => gone.resolve();
    const { client, printed } = await connect();
    stop.signal.addEventListener("abort", onGone);
    Object.assign(client, { onclose: onGone });
    const look = async () => {
      const { tools } = await client.listTools(undefined, { timeout: LOOK_TIMEOUT_MS, cacheMode: "refresh" });
      if (!stop.signal.aborted) take(client, tools);
    };
    // One that is busy may be slow to answer: it is not dead.
    const lookAgain = () => look().catch((error: unknown) => (isTimeout(error) ? undefined : onGone()));
    let looking: NodeJS.Timeout | undefined;
    try {
      await look();
      problem = undefined;
      tell(`The MCP server ${name} is there: ${offered.map(({ capability }) => capability.name).join(", ")}.`);
      if ("url" in settings) looking = setInterval(() => void lookAgain(), LOOK_MS);
      await gone.promise;
    } finally {
      clearInterval(looking);
      stop.signal.removeEventListener("abort", onGone);
      drop();
      await client.close().catch(() => undefined);
    }
    throw new Error(["it ended", printed()].filter((text) => text !== "").join(". It printed: "));
  };

  const keepRunning = async () => {
    let failures = 0;
    while (!stop.signal.aborted) {
      const begun = Date.now();
      const why = await runOnce().then(() => "", whyOf);
      if (stop.signal.aborted) return;
      failures = Date.now() - begun > STEADY_MS ? 1 : failures + 1;
      const pause = backoffMs(failures, Math.random());
      const before = problem;
      problem = sentence(`The MCP server ${name} does not run: ${why}`);
      // One that never comes is told of once, not twice a minute.
      if (problem !== before) tell(`${problem} It is started again, at first after ${Math.ceil(pause / 1000)} s.`);
      await pauseFor(pause, stop.signal);
    }
  };
  const running = keepRunning();

  return {
    offered: () => offered,
    problem: () => problem,
    async close() {
      stop.abort();
      await running;
    },
  };
}

const isTimeout = (error: unknown) => error instanceof SdkError && error.code === SdkErrorCode.RequestTimeout;

function offeredBy(server: string, client: Client, tool: Tool, heavy: boolean): Offered {
  const capability = capabilityOf(server, tool, heavy);
  return {
    capability,
    async run(args, { signal, progress }: PluginCall) {
      try {
        const result = await client.callTool(
          { name: tool.name, arguments: { ...args } },
          {
            signal,
            timeout: CALL_MS,
            onprogress: ({ progress: done, total, message = "" }) => progress(done, total, message),
          },
        );
        return CallResult.parse(result);
      } catch (error) {
        return answerTo(error, capabilityName(server, tool.name));
      }
    },
  };
}

/** What a caller is told of a call that failed on its way to the server, or there. */
function answerTo(error: unknown, name: string): CallResult {
  if (error instanceof ProtocolError) {
    if (error.code === NODE_ERROR.arguments) throw new BadArguments(error.message);
    return failed(error.message);
  }
  return failed(
    `The MCP server behind ${name} did not answer: ${whyOf(error)}. It may have carried this out: look before you repeat it.`,
  );
}
