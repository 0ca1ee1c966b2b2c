import { DurableObject } from "cloudflare:workers";
import type { McpServer, Server } from "@modelcontextprotocol/server";
import { createMcpHandler } from "agents/mcp/server";
import type { Caller } from "../contract/caller.ts";
import type { OpenHome } from "../contract/context.ts";
import { describeError, log } from "../lib/log.ts";
import { Admissions, type Enter } from "./admissions.ts";
import { answerOf, jsonAnswer, type SessionAnswer, type WholeAnswer, wholeAnswer } from "./answer.ts";
import type { Waiting } from "./call.ts";
import { Consents, type Used } from "./consents.ts";
import { headersMatch } from "./header-match.ts";
import { bounded, LISTEN_LIMITS, type Listening, listening, type ListenLimits, Polls, TOOLS } from "./listen.ts";
import type { ResourceCall } from "./read-resource.ts";
import { answerAtOnce, answerPlainly, isFaultless, isPlainLegacy } from "./legacy.ts";
import { rpcErrorAnswer } from "./rpc-error.ts";
import { type Observers, SeenCalls } from "./seen-calls.ts";
import type { Era, ServerFactory } from "./server.ts";
import { calledTool, NEEDED_ROLE, neededRole } from "./step-up.ts";
import { Watches } from "./watches.ts";

/** A session that nobody uses is forgotten after this long. */
export const IDLE_MS = 24 * 60 * 60 * 1000;
/** `lastSeen` is written at most this often, so that a call with a warm session writes nothing. */
const TOUCH_MS = 60 * 60 * 1000;

/** Host and Origin were checked in the Worker; inside, the path is always this one. */
const INTERNAL_URL = "https://session/mcp";

/** HeaderMismatch of 2026-07-28. */
const HEADERS_DIFFER = -32_020;

const SEEN = "seen";
const ENDED = "ended";
const CONSENTS = "consents";
const ADMITTED = "admitted";

interface Seen {
  readonly firstSeen: number;
  readonly lastSeen: number;
}

/** An HTTP request of a client, as far as the protocol needs it. */
export interface SessionRequest {
  readonly method: string;
  /** Names in small letters. */
  readonly headers: readonly (readonly [string, string])[];
  /** The body's text. */
  readonly body: string;
  /** Where the client reached this gateway. */
  readonly origin: string;
}

/** What a session asks of a catalogue; the suite of the protocol brings one of its own. */
export interface Serving extends Omit<ServerFactory, "server"> {
  server(...asked: Parameters<ServerFactory["server"]>): Server | McpServer;
  /** Whether log messages may be sent for a request, which its client did not have to ask for; absent for never. */
  logs?(body: unknown): boolean;
}

/** What a session is given once, by `wiring/`. */
export interface SessionParts {
  readonly server: Serving;
  readonly open: OpenHome;
  readonly enter: Enter;
  readonly observers?: Observers;
  /** Other limits than usual, for tests. */
  readonly listen?: ListenLimits;
}

/**
 * One MCP session: runs every tool and resource handler; one object per user, client and session id or
 * connection (see `session-key.ts`).
 *
 * State:  `seen`, when it was first and last used; `ended`, after the client ended it; `consents`, ids of those that were
 *         used, for five minutes; `admitted`, which connections were let in and when, believed for ten minutes. Nothing of the homes: clients lose and change their session ids. In memory only: what the watched resources looked like.
 * Alarm:  a day after it was last used; deletes everything.
 * Errors: a JSON-RPC error or an HTTP status in the answer. `serve` throws only if the account that it asks, or it
 *         itself, is reset meanwhile.
 */
export class Session extends DurableObject<Env> {
  readonly #parts: SessionParts;
  readonly #calls = new WeakMap<Request, { call: Waiting<ResourceCall>; only: string | undefined }>();
  readonly #watches = new Watches();
  readonly #admissions: Admissions;
  /** How to end each stream that is open, with the connection that it belongs to. */
  readonly #streams = new Map<() => void, string>();
  readonly #consents: Consents;
  readonly #limits: ListenLimits;
  readonly #polls: Polls;
  readonly #handler: ReturnType<typeof createMcpHandler>;
  #touchedAt: number;
  #ended: boolean;

  constructor(ctx: DurableObjectState, env: Env, parts: SessionParts) {
    super(ctx, env);
    this.#parts = parts;
    const name = ctx.id.name ?? ctx.id.toString();
    this.#admissions = new Admissions(name, parts.enter, {
      load: () => ctx.storage.kv.get(ADMITTED),
      save: (told) => ctx.storage.kv.put(ADMITTED, told),
    });
    this.#touchedAt = ctx.storage.kv.get<Seen>(SEEN)?.lastSeen ?? 0;
    this.#ended = ctx.storage.kv.get<boolean>(ENDED) ?? false;
    const used = {
      load: () => ctx.storage.kv.get<Used>(CONSENTS) ?? {},
      save: (now: Used) => ctx.storage.kv.put<Used>(CONSENTS, now),
    };
    this.#consents = new Consents(used, name);
    this.#limits = parts.listen ?? LISTEN_LIMITS;
    this.#polls = new Polls(this.#limits.everyMs, (what) => this.#tell(what));
    this.#handler = createMcpHandler(({ requestInfo, era }) => this.#serverFor(requestInfo, era), {
      maxSubscriptions: this.#limits.streams,
      corsOptions: false,
      // Checked in the Worker, before a token is read.
      allowedOriginHostnames: "*",
      onerror: (error) => log("warn", "mcp_request_refused", { message: error.message }),
    });
  }

  /** Answers one request of this session's client. */
  async serve(request: SessionRequest, caller: Caller): Promise<SessionAnswer> {
    if (this.#ended) return sessionEnded();
    this.#touch(Date.now());
    const parsed = parseBody(request.body);
    if (parsed === undefined) return rpcErrorAnswer(400, -32700, "Parse error: the body is not JSON.");
    const body = parsed.value;
    if (!(await this.#admissions.admit(caller, body, Date.now()))) return wholeAnswer(401);
    const needed = neededRole(body, caller, (tool) => this.#parts.server.roleOf(tool));
    const seen = new SeenCalls(this.#parts.observers ?? {});
    const { open } = this.#parts;
    const { origin } = request;
    const { observe } = seen;
    const call = { caller, open, origin, watches: this.#watches, consents: this.#consents, observe };
    if (needed !== undefined) {
      await this.#parts.server.noteTooLow(body, call);
      return wholeAnswer(403, { [NEEDED_ROLE]: needed });
    }
    if (this.#isPlain(request, body)) return this.#answerLegacy(request, body, call, seen);
    const inner = requestOf(request);
    this.#calls.set(inner, { call, only: calledTool(body) === undefined ? undefined : "tools/call" });
    const { server } = this.#parts;
    const listen = listening(body, {
      watch: (uri) => server.watch(uri, call),
      watchTools: () => server.watchTools(call),
    });
    if (listen === undefined) {
      return seen.onto(await answerOf(await this.#handler.fetch(inner, { parsedBody: body })));
    }
    const response = await this.#handler.fetch(inner, { parsedBody: listen.body });
    return answerOf(this.#attend(response, listen, caller.connectionId));
  }

  /** Makes a connection's next call ask whether it is still good, and ends what it listens to. */
  forget(connectionId: string): void {
    this.#admissions.forget(connectionId);
    for (const [close, owner] of this.#streams) if (owner === connectionId) close();
  }

  /** Gives its place to another session: nothing is kept, and its client may come back. */
  async release(): Promise<void> {
    this.#admissions.forgetAll();
    for (const close of this.#streams.keys()) close();
    if (this.#ended) return;
    this.#touchedAt = 0;
    await this.ctx.storage.deleteAll();
  }

  /** Ends the session: from now on its id is refused, until the object is forgotten. */
  end(): void {
    this.#ended = true;
    for (const close of this.#streams.keys()) close();
    this.ctx.storage.kv.put(ENDED, true);
    this.#touch(Date.now());
  }

  override async alarm(): Promise<void> {
    const forgetAt = this.#touchedAt + IDLE_MS;
    if (forgetAt > Date.now()) {
      await this.ctx.storage.setAlarm(forgetAt);
      return;
    }
    await this.ctx.storage.deleteAll();
    this.#touchedAt = 0;
    this.#ended = false;
  }

  /** Whether nothing but its answer is sent for a request. */
  #isPlain(request: SessionRequest, body: unknown): boolean {
    return isPlainLegacy(headersOf(request), body) && this.#parts.server.logs?.(body) !== true;
  }

  /** The short way, and shorter still for a request of which the library refuses nothing. */
  async #answerLegacy(request: SessionRequest, body: unknown, call: Waiting<ResourceCall>, seen: SeenCalls) {
    const headers = headersOf(request);
    if (!headersMatch(headers, body)) return headersDiffer();
    const { server } = this.#parts;
    if (isFaultless(headers, body)) {
      return seen.onto(jsonAnswer(200, await answerAtOnce(server.server(call, "legacy", body.method), body)));
    }
    return seen.onto(await answerOf(await answerPlainly(server.server(call, "legacy"), requestOf(request), body)));
  }

  #serverFor(request: Request | undefined, era: Era) {
    const asked = request === undefined ? undefined : this.#calls.get(request);
    if (asked === undefined) throw new Error("a request reached the protocol without its caller");
    return this.#parts.server.server(asked.call, era, asked.only);
  }

  #tell(changed: string): void {
    const { notify } = this.#handler;
    if (changed === TOOLS) notify.toolsChanged();
    else notify.resourceUpdated(changed);
  }

  /** Watches what a stream listens to, as long as it is open. */
  #attend(response: Response, { id, looks }: Listening, connectionId: string): Response {
    const { body, status, headers } = response;
    if (body === null || headers.get("content-type")?.includes("text/event-stream") !== true) return response;
    const stops = [...looks].map(([uri, look]) => this.#polls.start(uri, look));
    const ended = () => {
      this.#streams.delete(stream.close);
      for (const stop of stops) stop();
    };
    const stream = bounded(body, { id, ageMs: this.#limits.ageMs, ended });
    this.#streams.set(stream.close, connectionId);
    return new Response(stream.readable, { status, headers });
  }

  #touch(now: number): void {
    if (now - this.#touchedAt < TOUCH_MS) return;
    this.#touchedAt = now;
    const seen = this.ctx.storage.kv.get<Seen>(SEEN);
    this.ctx.storage.kv.put<Seen>(SEEN, { firstSeen: seen?.firstSeen ?? now, lastSeen: now });
    // Not awaited: the output gate holds the answer until alarm and state are written together.
    this.ctx.storage.setAlarm(now + IDLE_MS).catch((error: unknown) => {
      log("error", "session_alarm_not_set", describeError(error));
    });
  }
}

/** Reads headers without making the library's object of them; their names come in small letters. */
const headersOf = ({ headers }: SessionRequest): Pick<Headers, "get"> => ({
  get: (name) => headers.find(([each]) => each === name)?.[1] ?? null,
});

const requestOf = ({ method, headers }: SessionRequest) =>
  new Request(INTERNAL_URL, { method, headers: headers.map(([name, value]): [string, string] => [name, value]) });

function parseBody(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return undefined;
  }
}

function headersDiffer(): WholeAnswer {
  return rpcErrorAnswer(400, HEADERS_DIFFER, "Mcp-Method or Mcp-Name differs from the body. Nothing was done.");
}

function sessionEnded(): WholeAnswer {
  return rpcErrorAnswer(404, -32001, "This session was ended. Start a new one with initialize.");
}
