import { certificateOf } from "./client-certificate.ts";
import * as refusals from "./refusals.ts";
import { SUBPROTOCOL } from "./wire/limits.ts";

/** What the Worker tells a hub of a connection: the certificate that was shown, which only the Worker sees. */
export const CERTIFICATE_HEADER = "x-pimcp-certificate";

/** A proof has about 400 characters, in the header `authorization`. */
const MAX_AUTHORIZATION = 2100;

export interface ConnectParts {
  /** Ids of all homes. */
  readonly homes: readonly string[];
  /** Whether a node must show a client certificate. */
  readonly mtls: boolean;
  /** Whether this request is within the limits. */
  readonly within: () => Promise<boolean>;
  /** After how many seconds to try again if not. */
  readonly waitSeconds: number;
  readonly hub: (homeId: string) => { fetch(request: Request): Promise<Response> };
}

const isUpgrade = ({ method, headers }: Request) =>
  method === "GET" && headers.get("upgrade")?.toLowerCase() === "websocket";

const speaksOurs = ({ headers }: Request) =>
  (headers.get("sec-websocket-protocol") ?? "").split(",").some((name) => name.trim() === SUBPROTOCOL);

function refusalOf(request: Request, { homes, mtls }: ConnectParts): refusals.Refusal | undefined {
  const home = new URL(request.url).searchParams.get("home") ?? "";
  if (!isUpgrade(request)) return refusals.noUpgrade();
  if (!speaksOurs(request)) return refusals.otherProtocol();
  if ((request.headers.get("authorization") ?? "").length > MAX_AUTHORIZATION) return refusals.noProof();
  if (!homes.includes(home)) return refusals.unknownHome(home);
  return mtls && certificateOf(request) === null ? refusals.noCertificate() : undefined;
}

/**
 * Hands a node that wants to connect (`CONNECT_PATH`) to the hub of its home, which finds out who it is. A WebSocket
 * goes by `fetch`: a method of the object could not pass it on.
 */
export async function connectNode(request: Request, parts: ConnectParts): Promise<Response> {
  if (!(await parts.within())) return refusals.refusalResponse(refusals.tooManyConnects(parts.waitSeconds));
  const refusal = refusalOf(request, parts);
  if (refusal !== undefined) return refusals.refusalResponse(refusal);
  const handed = new Request(request);
  // Whatever the node itself has put there is not believed.
  handed.headers.delete(CERTIFICATE_HEADER);
  const certificate = certificateOf(request);
  if (certificate !== null) handed.headers.set(CERTIFICATE_HEADER, certificate);
  return parts.hub(new URL(request.url).searchParams.get("home") ?? "").fetch(handed);
}
