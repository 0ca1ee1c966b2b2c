import * as z from "zod";
import type { Caller } from "../contract/caller.ts";
import type { CallPoint } from "../contract/observation.ts";
import { type Role, ROLES } from "../contract/role.ts";
import { describeError, log } from "../lib/log.ts";
import { headerOf, responseOf, type SessionAnswer, statusOf } from "./answer.ts";
import { readBody } from "./body.ts";
import { rpcError, rpcErrorAnswer } from "./rpc-error.ts";
import type { SessionIds } from "./session-id.ts";
import { isSessionId, sessionKey } from "./session-key.ts";
import { timingOf } from "./seen-calls.ts";
import type { Session } from "./session.ts";
import { NEEDED_ROLE } from "./step-up.ts";

const SESSION_HEADER = "mcp-session-id";

/** The headers that the protocol looks at. Authorization stays here: the session gets the verified caller. */
const PASSED_HEADERS = new Set(["accept", "content-type", "mcp-protocol-version", "mcp-method", "mcp-name"]);
/** The headers that repeat an argument which its tool has marked for that. */
const ARGUMENT_HEADER = "mcp-param-";

type Sessions = Pick<DurableObjectNamespace<Session>, "getByName">;

/** The way to the objects of sessions, and back. */
interface Way {
  readonly sessions: Sessions;
  readonly ids: SessionIds;
  /** Tells a client that it would have to be granted a higher role (RFC 6750, insufficient_scope). */
  readonly stepUp: (role: Role) => Response;
  /** Is told of calls that have ended. */
  readonly observed?: (points: readonly CallPoint[]) => void;
}

/** Whether a body is the `initialize` of a 2025-era client, which is given a session id. */
function isInitialize(body: string): boolean {
  if (!body.includes('"initialize"')) return false;
  try {
    const message: unknown = JSON.parse(body);
    return typeof message === "object" && message !== null && "method" in message && message.method === "initialize";
  } catch {
    return false;
  }
}

function passedHeaders(request: Request): [string, string][] {
  const passed: [string, string][] = [];
  request.headers.forEach((value, name) => {
    if (PASSED_HEADERS.has(name) || name.startsWith(ARGUMENT_HEADER)) passed.push([name, value]);
  });
  return passed;
}

/** The answer to a client whose person has ended its connection: its token has become worthless (RFC 6750). */
export function signInAgain(url: string): Response {
  const { origin, pathname } = new URL(url);
  const metadata = `${origin}/.well-known/oauth-protected-resource${pathname}`;
  const challenge = `Bearer error="invalid_token", error_description="This connection was ended: sign in again", resource_metadata="${metadata}"`;
  const body = { error: "invalid_token", error_description: "This connection was ended: sign in again." };
  return Response.json(body, { status: 401, headers: { "www-authenticate": challenge, "cache-control": "no-store" } });
}

/** The same refusal, with words for a person who opens the address in a browser. */
export function signInFirst(bare: Response): Response {
  if (bare.body !== null) return bare;
  const error_description = "This is an MCP endpoint: add its address to an AI client, which then asks you to sign in.";
  return Response.json({ error: "unauthorized", error_description }, { status: 401, headers: bare.headers });
}

/** The words of an answer that the guard could not give, as when tokens cannot be looked up: no reason to sign in again. */
export async function unavailable(bare: Response): Promise<Response> {
  const text = await bare.text();
  if (text !== "") return new Response(text, bare);
  const message = "PiMCP cannot look up who is calling at the moment. Nothing was done: try again in a minute.";
  return rpcError(bare.status, -32603, message, bare.headers);
}

/** Asks the client to begin anew, as the protocol has it: the id was never given out, or to somebody else. */
function unknownSession(): Response {
  return rpcError(404, -32001, "This session is not known. Start a new one with initialize.");
}

async function endSession(caller: Caller, sessionId: string | undefined, { ids, sessions }: Way): Promise<Response> {
  if (sessionId === undefined) return rpcError(400, -32600, "DELETE needs the Mcp-Session-Id to end.");
  if (!(await ids.isOf(caller, sessionId))) return unknownSession();
  await sessions.getByName(await sessionKey(caller, sessionId)).end();
  return new Response(null, { status: 204 });
}

/** From 2026-07-28 on there are no sessions: what an older client left in the header means nothing. */
const hasNoSessions = (request: Request) => (request.headers.get("mcp-protocol-version") ?? "") >= "2026";

/** Whether a client may go on in the session that it names; without one its connection is the session. */
const isKnown = async (caller: Caller, id: string | undefined, { ids }: Way) =>
  id === undefined || ids.isOf(caller, id);

/** What the session refuses, in OAuth's words where a client can do something about it. */
function refusal(request: Request, answer: SessionAnswer, { stepUp }: Way): Response {
  if (statusOf(answer) === 401) return signInAgain(request.url);
  const needed = z.enum(ROLES).safeParse(headerOf(answer, NEEDED_ROLE));
  return needed.success ? stepUp(needed.data) : responseOf(answer);
}

/** The answer when the session was reset in the middle of a request, as by a deployment. */
function interrupted(error: unknown): SessionAnswer {
  log("error", "session_interrupted", describeError(error));
  const message =
    "PiMCP was restarted in the middle of this request: it is not known whether it was done. Read the state before trying again.";
  return rpcErrorAnswer(503, -32603, message);
}

/** Where the request goes on, or why it does not. */
async function sessionFor(caller: Caller, sentId: string | undefined, minted: string | undefined, way: Way) {
  if (minted === undefined && !(await isKnown(caller, sentId, way))) return undefined;
  return way.sessions.getByName(await sessionKey(caller, minted ?? sentId));
}

/** Who calls, where, and in which session. */
interface Asker {
  readonly caller: Caller;
  readonly origin: string;
  readonly sentId: string | undefined;
}

async function post(request: Request, { caller, origin, sentId }: Asker, way: Way): Promise<Response> {
  const started = Date.now();
  const body = await readBody(request);
  if (typeof body !== "string") return body;
  // Whoever begins anew may still send the id of before.
  const minted = isInitialize(body) ? await way.ids.give(caller) : undefined;
  const named = hasNoSessions(request) ? undefined : sentId;
  const session = await sessionFor(caller, named, minted, way);
  if (session === undefined) return unknownSession();
  const answer = await session
    .serve({ method: "POST", headers: passedHeaders(request), body, origin }, caller)
    .catch(interrupted);
  if (statusOf(answer) === 401 || statusOf(answer) === 403) return refusal(request, answer, way);
  const { points } = answer;
  way.observed?.(points);
  const timing = timingOf(points, Date.now() - started);
  return responseOf(answer, minted === undefined ? timing : { ...timing, [SESSION_HEADER]: minted });
}

/** The endpoint of one home alone. */
const ONE_HOME = /^\/mcp\/h\/([a-z0-9-]+)$/;

/** A caller as the endpoint lets them in: at a home's own endpoint they have that home alone. */
function callerAt(pathname: string, caller: Caller): Caller {
  const id = ONE_HOME.exec(pathname)?.[1];
  if (id === undefined) return caller;
  const access = Object.hasOwn(caller.homes, id) ? caller.homes[id] : undefined;
  return { ...caller, homes: access === undefined ? {} : { [id]: access } };
}

/** The answer below `/mcp` where no endpoint is; `undefined` elsewhere. */
export function noEndpoint(pathname: string): Response | undefined {
  if (!pathname.startsWith("/mcp/")) return undefined;
  return rpcError(404, -32600, "There is no such MCP endpoint: they are /mcp, and /mcp/h/<id> for one home alone.");
}

/** Serves an MCP endpoint for a verified caller: finds the session's object and lets it answer. */
export async function serveMcp(request: Request, verified: Caller, way: Way): Promise<Response> {
  const { origin, pathname } = new URL(request.url);
  const caller = callerAt(pathname, verified);
  const sessionId = request.headers.get(SESSION_HEADER) ?? undefined;
  if (sessionId !== undefined && !isSessionId(sessionId)) {
    return rpcError(400, -32600, "The Mcp-Session-Id is not one that was given out here.");
  }
  switch (request.method) {
    case "POST":
      return post(request, { caller, origin, sentId: sessionId }, way);
    case "DELETE":
      return endSession(caller, sessionId, way);
    default:
      // No GET stream: held open all day it would cost more than everything else.
      return new Response(null, { status: 405, headers: { allow: "POST, DELETE" } });
  }
}
