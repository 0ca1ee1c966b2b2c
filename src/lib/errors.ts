/** The eleven kinds of failure a caller can act on (seed, section 6.1). */
const FAULT_TYPES = [
  "connection_failed",
  "timeout",
  "unauthorized",
  "forbidden",
  "token_expired",
  "invalid_input",
  "not_found",
  "operation_failed",
  "conflict",
  "provisioning_failed",
  "gpio_failed",
] as const;

export type FaultType = (typeof FAULT_TYPES)[number];

/** What a program may want to know of a failure; never a secret, never a stack. */
export interface FaultDetails {
  /** HTTP status that the home answered with. */
  readonly statusCode?: number;
  /** Method and path asked of the home, without query values. */
  readonly endpoint?: string;
  /** Cloudflare's number of the request, if it was refused or lost there. */
  readonly rayId?: string;
  /** The home's own words, redacted. */
  readonly originalError?: string;
}

/** A failure as the model reads it (seed, section 6.2). */
export interface FaultBody {
  readonly type: FaultType;
  readonly message: string;
  readonly details?: FaultDetails;
  readonly suggestions?: readonly string[];
}

/**
 * A failure the caller can act on: a type for the program, a sentence for the model (what, why) and
 * suggestions (what next). Everything else that is thrown is a bug of ours.
 */
export class Fault extends Error {
  readonly type: FaultType;
  readonly details: FaultDetails | undefined;
  readonly suggestions: readonly string[];

  constructor(
    type: FaultType,
    message: string,
    more: { suggestions?: readonly string[]; details?: FaultDetails } = {},
  ) {
    super(message);
    this.name = "Fault";
    this.type = type;
    this.details = more.details;
    this.suggestions = more.suggestions ?? [];
  }

  /** The seed's error format. */
  toJSON(): FaultBody {
    return {
      type: this.type,
      message: this.message,
      ...(this.details === undefined ? {} : { details: this.details }),
      ...(this.suggestions.length === 0 ? {} : { suggestions: this.suggestions }),
    };
  }
}

/** Says that a person was asked, and did not agree. */
export class Declined extends Fault {}

/** Says that the request which it is about was never sent. Over RPC this is lost: an error loses its class there. */
export class NotSent extends Fault {}

/** Whether an object that was asked was reset before it answered, as by an update; the platform marks such errors. */
export function wasReset(error: unknown): boolean {
  return error instanceof Error && "durableObjectReset" in error && error.durableObjectReset === true;
}

/** Whether a request went out and no answer of the home came back: it may have been carried out, or may yet be. */
export function isUnanswered(error: unknown): error is Fault {
  if (!(error instanceof Fault) || error instanceof NotSent) return false;
  return error.type === "connection_failed" || error.type === "timeout";
}
