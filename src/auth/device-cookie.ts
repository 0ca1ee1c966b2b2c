import * as z from "zod";
import type { Sealer } from "../lib/crypto.ts";
import { accountKey } from "./names.ts";

/** Says by which names somebody has signed in with this browser. It opens no door: it only gives more tries. */
const NAME = "__Host-pimcp-device";

const SECONDS = 180 * 24 * 60 * 60;
/** Names that one browser is remembered for: two for each account of a household. */
const MAX_NAMES = 16;

const PURPOSE = "device-cookie";

const Names = z.array(z.string()).max(MAX_NAMES);

/** A browser, by what it has kept. */
export interface Device {
  /** Whether somebody has signed in by this name with it. */
  knows(homeId: string, name: string): Promise<boolean>;
  /** The `Set-Cookie` that remembers these names, too. */
  remember(homeId: string, names: readonly string[]): Promise<string>;
}

/** @param cookieHeader what the browser sent */
export async function deviceOf(sealer: Sealer, cookieHeader: string | null): Promise<Device> {
  const cookies = (cookieHeader ?? "").split(";").map((cookie) => cookie.trim());
  const sealed = cookies.find((cookie) => cookie.startsWith(`${NAME}=`))?.slice(NAME.length + 1);
  const known = sealed === undefined ? [] : (Names.safeParse(await sealer.open(PURPOSE, sealed)).data ?? []);
  // Names of accounts are not for whoever looks at the cookie, nor for us when it comes back.
  const marksOf = (homeId: string, name: string) => sealer.marks(PURPOSE, accountKey(homeId, name));
  return {
    knows: async (homeId, name) => (await marksOf(homeId, name)).some((mark) => known.includes(mark)),
    async remember(homeId, names) {
      const marks = await Promise.all(names.map(async (name) => (await marksOf(homeId, name))[0] ?? ""));
      const all = [...new Set([...marks, ...known])].slice(0, MAX_NAMES);
      const value = await sealer.seal(PURPOSE, all, SECONDS);
      return `${NAME}=${value}; Max-Age=${SECONDS}; Path=/; Secure; HttpOnly; SameSite=Lax`;
    },
  };
}
