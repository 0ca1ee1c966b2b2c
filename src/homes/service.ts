import type { Caller } from "../contract/caller.ts";
import type { Home } from "./home.ts";

/** The user id that a home's service account is known by. */
export const serviceUserId = (homeId: string) => `${homeId}.service`;

/** The home's service account as a caller, for what happens when no person is there; `undefined` if it has none. */
export function serviceCaller(homes: readonly Home[], homeId: string): Caller | undefined {
  const home = homes.find(({ id }) => id === homeId);
  if (home?.service === undefined) return undefined;
  return {
    userId: serviceUserId(homeId),
    userName: home.service.username,
    clientId: "pimcp",
    connectionId: "service",
    homes: { [homeId]: { name: home.name, role: "operator", login: "service" } },
  };
}
