import type { MiddlewareHandler } from "hono";
import { addressOf } from "../limits/address.ts";
import { type Limits, OutOfTries, TooMany } from "../limits/port.ts";
import { type RateName, RATES } from "../limits/table.ts";
import { ProblemPage } from "./layout.tsx";

/** Lets a page be asked for as often as a rate allows. @throws TooMany */
export function limited(limits: Limits, rate: RateName): MiddlewareHandler {
  return async (c, next) => {
    if (!(await limits.within(rate, addressOf(c.req.raw)))) throw new TooMany(RATES[rate].seconds);
    await next();
  };
}

function inWords(seconds: number): string {
  if (seconds <= 60) return "one minute";
  const minutes = Math.ceil(seconds / 60);
  if (minutes <= 120) return `${minutes} minutes`;
  const hours = Math.ceil(minutes / 60);
  return hours <= 48 ? `${hours} hours` : `${Math.ceil(hours / 24)} days`;
}

/** The page of a request too many. */
export function TooManyPage({ error }: { error: TooMany }) {
  if (error instanceof OutOfTries) {
    return (
      <ProblemPage
        title="No tries left"
        message={`Wrong passwords have used up the tries of this name, so that its home does not lock the account. This one was not sent to your home; AI clients that are connected go on working.`}
        next={`Sign in with a browser that has signed in here by this name before: it has tries of its own. Or sign in with the account’s e-mail address instead of its user name, or the other way round. Otherwise wait ${inWords(error.seconds)}; an admin of the home cannot shorten that.`}
      />
    );
  }
  return (
    <ProblemPage
      title="Too many tries"
      message={`Please wait ${inWords(error.seconds)}. Your home was not asked, and AI clients that are connected go on working.`}
      next="Then go back and try again."
    />
  );
}
