import { Fault, type FaultBody, type FaultType } from "../lib/errors.ts";
import { parsedJson } from "../lib/json.ts";
import { readCapped } from "../lib/read-capped.ts";
import { certificateOf } from "./client-certificate.ts";
import { enrolmentHash } from "./enrolment.ts";
import type { Asking, JoinOutcome } from "./joining.ts";
import { type JoinAnswer, JoinRequest, nodeIdOf, openProof } from "./wire/identity.ts";
import { JOIN_PATH } from "./wire/limits.ts";
import { NODE_NAME } from "./wire/manifest.ts";

/** A request has a key, a proof and a name. */
const MAX_BODY = 8 * 1024;

/** What joining works with. */
export interface JoinParts {
  readonly origin: string;
  /** Ids of all homes. */
  readonly homes: readonly string[];
  /** Whether a node must show a client certificate. */
  readonly mtls: boolean;
  /** Where the owner looks at nodes. */
  readonly page: string;
  /** Whether this request is within the limits. */
  readonly within: () => Promise<boolean>;
  /** After how many seconds to try again if not. */
  readonly waitSeconds: number;
  readonly hub: (homeId: string) => { join(asking: Asking): Promise<JoinOutcome> };
}

const STATUS: Partial<Record<FaultType, number>> = {
  invalid_input: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
};

const answer = (status: number, body: JoinAnswer | FaultBody, headers: Record<string, string> = {}) =>
  Response.json(body, { status, headers: { "cache-control": "no-store", ...headers } });

const refuse = (fault: FaultBody) => answer(STATUS[fault.type] ?? 500, fault);

function tooMany(seconds: number): Response {
  const fault = new Fault("operation_failed", "Too many requests of nodes from this address.", {
    suggestions: [`Wait ${seconds} seconds, then try again.`],
  });
  return answer(429, fault.toJSON(), { "retry-after": String(seconds) });
}

function wrongMethod(): Response {
  const fault = new Fault("invalid_input", "A node asks to be let in by POST.");
  return answer(405, fault.toJSON(), { allow: "POST" });
}

/** What a request says. @throws Fault */
function read(text: string | undefined): JoinRequest {
  if (text === undefined) throw new Fault("invalid_input", `The request is larger than ${MAX_BODY} bytes.`);
  const asked = JoinRequest.safeParse(parsedJson(text));
  if (!asked.success) {
    const [issue] = asked.error.issues;
    throw new Fault(
      "invalid_input",
      `The request does not fit: ${issue?.path.join(".") || "it"} ${issue?.message ?? ""}`,
    );
  }
  if (NODE_NAME.test(asked.data.name)) return asked.data;
  throw new Fault("invalid_input", "The name of a node has lower-case letters, digits and hyphens, 32 at most.", {
    suggestions: ['Choose one such as "kitchen-pi".'],
  });
}

function unknownHome(homeId: string): Fault {
  return new Fault("not_found", `This gateway has no home "${homeId.slice(0, 64)}".`, {
    suggestions: ["Give the id of the home as its owner has set it up; it is on the page of nodes."],
  });
}

/** @throws Fault if a certificate is needed and there is none */
function shownBy(request: Request, mtls: boolean): string | null {
  if (!mtls) return null;
  const certificate = certificateOf(request);
  if (certificate !== null) return certificate;
  throw new Fault("forbidden", "This gateway asks nodes for a client certificate, and none that it trusts was shown.", {
    suggestions: ["Give the node a certificate of the gateway's zone."],
  });
}

async function ask(request: Request, parts: JoinParts): Promise<Response> {
  const { home, name, site, key, proof, enrolment } = read(await readCapped(request.body, MAX_BODY));
  if (!parts.homes.includes(home)) throw unknownHome(home);
  const certificate = shownBy(request, parts.mtls);
  const claims = await openProof(proof, key, parts.origin + JOIN_PATH, Date.now());
  if (claims === undefined || claims.home !== home) {
    throw new Fault("unauthorized", "The proof does not show that this key asks this gateway, now, for this home.", {
      suggestions: ["Look whether the node's clock is right, and whether the address is this gateway's own."],
    });
  }
  const outcome = await parts.hub(home).join({
    id: await nodeIdOf(key),
    name,
    site,
    key,
    certificate,
    jti: claims.jti,
    expiresAt: claims.exp * 1000,
    enrolment: enrolment === undefined ? null : await enrolmentHash(enrolment),
  });
  if (outcome.fault !== undefined) return refuse(outcome.fault);
  const { id: node_id, ...node } = outcome.node;
  return answer(200, { node_id, name: node.name, state: node.state, code: node.code, page: parts.page });
}

/** Answers a node that asks to be let in (`JOIN_PATH`). */
export async function joinNode(request: Request, parts: JoinParts): Promise<Response> {
  if (request.method !== "POST") return wrongMethod();
  if (!(await parts.within())) return tooMany(parts.waitSeconds);
  try {
    return await ask(request, parts);
  } catch (error) {
    if (error instanceof Fault) return refuse(error.toJSON());
    throw error;
  }
}
