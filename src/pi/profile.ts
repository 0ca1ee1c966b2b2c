import type * as z from "zod";
import { Fault } from "../lib/errors.ts";
import { ProfileAnswer, type UpstreamRole } from "./schemas/auth.ts";
import type { Send } from "./send.ts";

/**
 * The role that the caller's account has at the home now; `undefined` if the home cannot tell, as an older one or one
 * without sign-in. A token does not show it: its role is that of the sign-in, for up to seven days (contract 3.2).
 * @throws Fault `forbidden` if the account is deactivated or gone
 */
export type AskRole = () => Promise<z.infer<typeof UpstreamRole> | undefined>;

/** Statuses of a route that is not there. */
const MISSING: ReadonlySet<number | undefined> = new Set([404, 501]);

function lostAccount(what: string): Fault {
  return new Fault("forbidden", `Your account at this home ${what}. Nothing was changed.`, {
    suggestions: [
      "Ask an admin of the home.",
      "If you have another account: disconnect this connector in the AI client and connect it again.",
    ],
  });
}

export function presentRole(send: Send): AskRole {
  const ask = { method: "GET", path: "/api/v1/auth/profile", schema: ProfileAnswer, subject: "your account" } as const;
  return async () => {
    try {
      const { role, is_active } = await send(ask);
      if (!is_active) throw lostAccount("is deactivated");
      return role;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      if (error.type === "not_found") throw lostAccount("is gone");
      if (error.type === "operation_failed" && MISSING.has(error.details?.statusCode)) return undefined;
      throw error;
    }
  };
}
