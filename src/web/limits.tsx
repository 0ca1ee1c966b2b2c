import type { MiddlewareHandler } from "hono";
import { addressOf } from "../limits/address.ts";
import { type Limits, TooMany } from "../limits/port.ts";
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
  return minutes <= 120 ? `${minutes} minutes` : `${Math.ceil(minutes / 60)} hours`;
}

/** The page of a request too many. */
export function TooManyPage({ error }: { error: TooMany }) {
  return (
    <ProblemPage
      title="Too many tries"
      message={`Please wait ${inWords(error.seconds)}. Your home was not asked, and AI clients that are connected go on working.`}
      next="Then go back and try again."
    />
  );
}
