import { NotSent } from "../lib/errors.ts";
import {
  type AttemptMemory,
  attemptsSince,
  endOfAttempt,
  noted,
  objectionFault,
  objectionTo,
  refusedMs,
} from "./attempts.ts";
import { logIn, type UpstreamLogin, type UpstreamUser } from "./login.ts";
import type { Endpoint } from "./request.ts";
import type { Tokens } from "./schemas/auth.ts";

/**
 * Signs in with a password, unless that could lock the account: five refusals do, for its owner too (contract 3.3).
 * @throws Fault as `logIn` does, or why the password is not sent now
 */
export async function signInOnce(
  endpoint: Endpoint,
  login: UpstreamLogin,
  attempts: AttemptMemory,
  options: { signal: AbortSignal; now: number },
): Promise<{ user: UpstreamUser; tokens: Tokens }> {
  const marks = await attempts.marks(login);
  const [mark = ""] = marks;
  const counting = () => attemptsSince(attempts.read(), login);
  const objection = objectionTo(counting(), marks, options.now);
  if (objection !== undefined) throw objectionFault(endpoint.name, objection, options.now);
  const attempt = { mark, refusedMs: refusedMs(login) };
  const note = (end: Parameters<typeof noted>[2]) => attempts.write(noted(counting(), attempt, end, Date.now()));
  // Before it is sent, so that whoever comes after an end of this process knows of it.
  await note("unknown");
  try {
    const signedIn = await logIn(endpoint, login, options);
    await note("taken");
    return signedIn;
  } catch (error) {
    await note(error instanceof NotSent ? "failed" : endOfAttempt(error, Date.now()));
    throw error;
  }
}
