import { PI_CONTROLLER, type Rules } from "../standing.ts";
import { GITHUB, githubProvider } from "./github.ts";
import { oidcProvider } from "./oidc.ts";
import type { Fetch } from "./outgoing.ts";
import type { Provider } from "./provider.ts";
import type { SignInSettings } from "./settings.ts";

/** The providers that are configured, in the order in which they are offered. */
export function openProviders(settings: SignInSettings, fetch: Fetch, development: boolean): Provider[] {
  return settings.providers.map((each) =>
    each.kind === "oidc" ? oidcProvider({ settings: each, fetch, development }) : githubProvider(each, fetch),
  );
}

/** What the configuration says of people now. */
export function rulesOf({ accounts, providers, people }: SignInSettings): Rules {
  const sources = providers.map((each) => (each.kind === "oidc" ? each.issuer : GITHUB));
  return { sources: new Set(accounts ? [PI_CONTROLLER, ...sources] : sources), people };
}
