import {
  AuthorizationResponseError,
  OperationProcessingError,
  ResponseBodyError,
  UnsupportedOperationError,
  WWWAuthenticateChallengeError,
} from "oauth4webapi";
import { Fault } from "../../lib/errors.ts";
import { log } from "../../lib/log.ts";
import { NotAsked } from "./outgoing.ts";

/** A provider, as its failures are told. */
export interface Asked {
  readonly id: string;
  readonly name: string;
  /** The variable that holds its client secret. */
  readonly secret: string;
}

/** A provider's no, in its own error word. */
export class Refused extends Error {}

/** An answer that does not prove who somebody is; the message is one word for the log. */
export class Untrusted extends Error {}

/** Error words that are about the person's sign-in; all others are about this gateway's settings. */
const DECLINED = "access_denied";
const SPENT = new Set(["invalid_grant", "bad_verification_code"]);

/** A provider's error word, for page and log; anything that does not look like one is not repeated. */
const wordOf = (text: string): string => (/^[a-z_]{1,40}$/.test(text) ? text : "an error");

/** The provider's error word, if the failure is its no. */
function refusalOf(error: unknown): string | undefined {
  if (error instanceof Refused) return wordOf(error.message);
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) return wordOf(error.error);
  return error instanceof WWWAuthenticateChallengeError ? "invalid_client" : undefined;
}

/** Why an answer is not believed, in a word for the log; never what was sent. */
function doubtOf(error: unknown): string | undefined {
  if (error instanceof Untrusted) return error.message;
  if (error instanceof OperationProcessingError || error instanceof UnsupportedOperationError) {
    return error.code ?? "unsupported";
  }
  return undefined;
}

function refused({ name, secret }: Asked, word: string): Fault {
  if (word === DECLINED) {
    return new Fault("forbidden", `${name} did not let you in, or you declined there.`, {
      suggestions: ["Sign in again."],
    });
  }
  if (SPENT.has(word)) {
    return new Fault("token_expired", `${name} no longer takes this sign-in: it was used already, or is too old.`, {
      suggestions: ["Sign in again."],
    });
  }
  return new Fault("operation_failed", `${name} broke off the sign-in: ${word}.`, {
    suggestions: [
      `Sign in again. If it stays like this, the owner of this gateway must check the client id, ${secret} and the redirect address at ${name}.`,
    ],
  });
}

/** What went wrong at a provider, as a fault that says what to do; it is logged in one word. */
export function problemOf(asked: Asked, error: unknown, late: boolean): Fault {
  if (error instanceof Fault) return error;
  const { id: provider, name } = asked;
  const word = refusalOf(error);
  const doubt = doubtOf(error);
  const other = error instanceof NotAsked ? error.message : "not_reached";
  log("warn", "sign_in_failed", { provider, reason: late ? "timeout" : (word ?? doubt ?? other) });
  if (late) {
    return new Fault("timeout", `${name} did not answer in time.`, { suggestions: ["Sign in again."] });
  }
  if (word !== undefined) return refused(asked, word);
  const again = "Sign in again. If it stays like this, the owner of this gateway must";
  return doubt === undefined
    ? new Fault("connection_failed", `${name} could not be asked.`, {
        suggestions: [`${again} check the settings for ${name}, and whether it is up.`],
      })
    : new Fault("unauthorized", `The answer of ${name} could not be trusted: nobody was signed in.`, {
        suggestions: [`${again} look at its log.`],
      });
}
