import { Fault, type FaultBody } from "../lib/errors.ts";
import { SUBPROTOCOL } from "./wire/limits.ts";

/** Why a node's link is not begun, as it is told: an HTTP status and a fault. */

export interface Refusal {
  readonly status: 400 | 401 | 403 | 404 | 426 | 429;
  readonly fault: FaultBody;
  readonly headers?: Readonly<Record<string, string>>;
}

export function refusalResponse({ status, fault, headers }: Refusal): Response {
  return Response.json(fault, { status, headers: { "cache-control": "no-store", ...headers } });
}

export function noUpgrade(): Refusal {
  const fault = new Fault("invalid_input", "A node connects here by WebSocket.", {
    suggestions: ["Connect with `pimcp node run`."],
  });
  return { status: 426, fault: fault.toJSON(), headers: { upgrade: "websocket", connection: "upgrade" } };
}

export function otherProtocol(): Refusal {
  const fault = new Fault(
    "invalid_input",
    `This gateway speaks ${SUBPROTOCOL} with its nodes, which was not asked for.`,
    {
      suggestions: ["Use a version of PiMCP on the node that fits the gateway's."],
    },
  );
  return { status: 426, fault: fault.toJSON(), headers: { "sec-websocket-protocol": SUBPROTOCOL } };
}

export function unknownHome(home: string): Refusal {
  const fault = new Fault("not_found", `This gateway has no home "${home.slice(0, 64)}".`, {
    suggestions: ["Join again, with the id of a home that there is."],
  });
  return { status: 404, fault: fault.toJSON() };
}

export function noCertificate(): Refusal {
  const fault = new Fault(
    "forbidden",
    "This gateway asks nodes for a client certificate, and none that it trusts was shown.",
    {
      suggestions: ["Give the node a certificate of the gateway's zone."],
    },
  );
  return { status: 403, fault: fault.toJSON() };
}

export function otherCertificate(): Refusal {
  const fault = new Fault("forbidden", "This is not the client certificate that the node joined with.", {
    suggestions: ["Use that certificate, or have the owner end the node, and join with a new key."],
  });
  return { status: 403, fault: fault.toJSON() };
}

export function notRegistered(): Refusal {
  const fault = new Fault("not_found", "This home knows no node with this key.", {
    suggestions: ["Ask to be let in: `pimcp node join`."],
  });
  return { status: 404, fault: fault.toJSON() };
}

export function ended(): Refusal {
  const fault = new Fault("forbidden", "The owner of this home has refused or ended this node.", {
    suggestions: ["The owner can let it ask again on the page of nodes."],
  });
  return { status: 403, fault: fault.toJSON() };
}

export function noProof(): Refusal {
  const fault = new Fault("unauthorized", "The proof does not show that this node connects here, now, to this home.", {
    suggestions: ["Look whether the node's clock is right, and whether the address is this gateway's own."],
  });
  return { status: 401, fault: fault.toJSON(), headers: { "www-authenticate": "Bearer" } };
}

export function usedProof(): Refusal {
  const fault = new Fault("unauthorized", "This proof was used before.", {
    suggestions: ["Make a new proof for each connection."],
  });
  return { status: 401, fault: fault.toJSON(), headers: { "www-authenticate": "Bearer" } };
}

/** @param ms how long it must stay away, in milliseconds */
export function expelled(trouble: string | null, ms: number): Refusal {
  const seconds = Math.ceil(ms / 1000);
  const fault = new Fault("forbidden", `This node's link was ended because it misbehaved: it ${trouble ?? "did"}.`, {
    suggestions: [`It may connect again in ${seconds} s. Look whether its version of PiMCP is a released one.`],
  });
  return { status: 429, fault: fault.toJSON(), headers: { "retry-after": String(seconds) } };
}

/** @param seconds after which to try again */
export function tooManyConnects(seconds: number): Refusal {
  const fault = new Fault("operation_failed", "Too many requests of nodes from this address.", {
    suggestions: [`Wait ${seconds} seconds, then try again.`],
  });
  return { status: 429, fault: fault.toJSON(), headers: { "retry-after": String(seconds) } };
}
