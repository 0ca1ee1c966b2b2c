import { z } from "zod";
import { type Answer, Connection } from "./http.ts";
import { CLUSTER_NAMES, DIRECT_PATH, ECHO, TOOL } from "./measured.ts";

/** One client with a connection, and where the route has sessions a session, of its own. */
export interface Client {
  /** Makes one measured call. @throws Error if what comes back is not what it must be */
  call(): Promise<void>;
  /** Closes the connection; the next call opens it anew. */
  hangUp(): void;
}

/** Makes a client of one route. */
export type Connect = () => Promise<Client>;

const LEGACY_VERSION = "2025-11-25";
const MODERN_VERSION = "2026-07-28";
const CLIENT_INFO = { name: "pimcp-bench", version: "1.0.0" };

const Clusters = z.array(z.object({ name: z.string() }));
const DirectAnswer = z.object({ data: Clusters });
const RpcAnswer = z.object({ id: z.number(), result: z.unknown() });
const ClustersResult = z.object({ structuredContent: z.object({ clusters: Clusters }) });
const EchoResult = z.object({ structuredContent: z.object({ result: z.object({ text: z.literal(ECHO) }) }) });
const ToolsResult = z.object({ tools: z.array(z.unknown()).min(1) });

function wrong(route: string, answer: Answer): Error {
  return new Error(`${route} answered HTTP ${answer.status}: ${answer.text.slice(0, 500)}`);
}

function isExpected(clusters: z.infer<typeof Clusters> | undefined): boolean {
  return clusters?.map(({ name }) => name).join() === CLUSTER_NAMES.join();
}

/** The JSON of an answer, whether it came as JSON or as an event stream. */
function jsonOf({ headers, text }: Answer): unknown {
  const isStream = headers["content-type"]?.startsWith("text/event-stream") === true;
  const line = isStream ? text.split("\n").find((each) => each.startsWith("data: {")) : undefined;
  try {
    return JSON.parse(isStream ? (line?.slice("data: ".length) ?? "") : text);
  } catch {
    return undefined;
  }
}

/** Clients of the plain fetch. @param path of the fetch itself, or by way of an object, of which each client has one */
export function directClients(origin: string, path = DIRECT_PATH): Connect {
  return () => {
    const connection = new Connection(origin + path);
    const headers = { accept: "application/json", "x-client": crypto.randomUUID() };
    const call = async () => {
      const answer = await connection.send(headers);
      const { data } = DirectAnswer.safeParse(jsonOf(answer));
      if (answer.status !== 200 || !isExpected(data?.data)) throw wrong(path, answer);
    };
    return Promise.resolve({ call, hangUp: () => connection.hangUp() });
  };
}

type Headers = Record<string, string>;

function headersOf(token: string): Headers {
  return {
    authorization: `Bearer ${token}`,
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
  };
}

/** What a client asks again and again, and whether an answer's result is the right one. */
interface Question {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly isRight: (result: unknown) => boolean;
}

const CLUSTERS: Question = {
  method: "tools/call",
  params: { name: TOOL, arguments: {} },
  isRight: (result) => isExpected(ClustersResult.safeParse(result).data?.structuredContent.clusters),
};

/** A client that asks the same again and again, with the same headers and a new id. */
function caller(name: string, connection: Connection, headers: Headers, { method, params, isRight }: Question): Client {
  let id = 0;
  return {
    async call() {
      id += 1;
      const asked = id;
      const body = JSON.stringify({ jsonrpc: "2.0", id: asked, method, params });
      const answer = await connection.send(headers, body);
      const { data } = RpcAnswer.safeParse(jsonOf(answer));
      const isOurs = data?.id === asked && isRight(data.result);
      if (answer.status !== 200 || !isOurs) throw wrong(name, answer);
    },
    hangUp: () => connection.hangUp(),
  };
}

/** Clients of an MCP endpoint on the 2025 wire: `initialize`, then calls with the session's id. */
export function legacyClients(name: string, url: string, token: string, question = CLUSTERS): Connect {
  const common = headersOf(token);
  const params = { protocolVersion: LEGACY_VERSION, capabilities: {}, clientInfo: CLIENT_INFO };
  const initialize = JSON.stringify({ jsonrpc: "2.0", id: 0, method: "initialize", params });
  return async () => {
    const connection = new Connection(url);
    const first = await connection.send(common, initialize);
    const sessionId = first.headers["mcp-session-id"];
    if (first.status !== 200 || typeof sessionId !== "string") throw wrong(name, first);
    const headers = { ...common, "mcp-protocol-version": LEGACY_VERSION, "mcp-session-id": sessionId };
    await connection.send(headers, JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" }));
    return caller(name, connection, headers, question);
  };
}

const isEcho = (result: unknown) => EchoResult.safeParse(result).success;
const isList = (result: unknown) => ToolsResult.safeParse(result).success;

/** Clients that call a tool of a node, which echoes. */
export function echoClients(name: string, url: string, token: string, tool: string): Connect {
  const params = { name: tool, arguments: { text: ECHO } };
  return legacyClients(name, url, token, { method: "tools/call", params, isRight: isEcho });
}

/** Clients that ask for the list of tools. */
export function listClients(name: string, url: string, token: string): Connect {
  return legacyClients(name, url, token, { method: "tools/list", params: {}, isRight: isList });
}

/** Clients of a plain HTTP server. @param expected part of each answer; @param body sent by POST, if there is one */
export function httpClients(name: string, url: string, expected: string, body?: string, token?: string): Connect {
  return () => {
    const connection = new Connection(url);
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const call = async () => {
      const answer = await connection.send(headers, body);
      if (answer.status !== 200 || !answer.text.includes(expected)) throw wrong(name, answer);
    };
    return Promise.resolve({ call, hangUp: () => connection.hangUp() });
  };
}

/** Clients of an MCP endpoint on the 2026 wire, which has no sessions. */
export function modernClients(name: string, url: string, token: string): Connect {
  const headers = {
    ...headersOf(token),
    "mcp-protocol-version": MODERN_VERSION,
    "mcp-method": "tools/call",
    "mcp-name": TOOL,
  };
  const meta = {
    "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": CLIENT_INFO,
  };
  const question = { ...CLUSTERS, params: { ...CLUSTERS.params, _meta: meta } };
  return () => Promise.resolve(caller(name, new Connection(url), headers, question));
}
