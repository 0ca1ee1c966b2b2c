/**
 * Every limit on what comes from outside: how often, how large, how many. `docs/limits.md` is made from this table,
 * and `wrangler.toml` repeats the rates, which a binding reads from there only; tests hold both equal to it.
 *
 * A gateway serves a household. Claude.ai, ChatGPT and others call for all of its people from a few addresses, so
 * that limits by address are wide where servers call, and those by person are the strict ones.
 */

/** Whom a rate is counted for. */
export type Per = "address" | "person";

/** How often something may be done; counted by a binding of Cloudflare's, in each of its places on its own. */
export interface Rate {
  /** The binding in `wrangler.toml`. */
  readonly binding: string;
  readonly what: string;
  readonly per: Per;
  readonly limit: number;
  /** The bindings know 10 and 60. */
  readonly seconds: 10 | 60;
  readonly why: string;
}

export const RATES = {
  signIn: {
    binding: "RATE_SIGN_IN",
    what: "sign-ins",
    per: "address",
    limit: 20,
    seconds: 60,
    why: "a household behind one address, each mistyping a few times; too slow for trying many names",
  },
  authorize: {
    binding: "RATE_AUTHORIZE",
    what: "requests of sign-in and consent pages",
    per: "address",
    limit: 60,
    seconds: 60,
    why: "people open these in a browser; each may fetch a client's description and keeps a request for minutes",
  },
  register: {
    binding: "RATE_REGISTER",
    what: "registrations of clients",
    per: "address",
    limit: 20,
    seconds: 60,
    why: "a client registers once for each connector, and each registration is stored",
  },
  token: {
    binding: "RATE_TOKEN",
    what: "token requests",
    per: "address",
    limit: 120,
    seconds: 60,
    why: "AI services refresh for all people from few addresses, each about once a day",
  },
  refused: {
    binding: "RATE_REFUSED",
    what: "MCP requests without a valid token",
    per: "address",
    limit: 120,
    seconds: 60,
    why: "every connection begins with one; valid tokens from the same address are not touched",
  },
  nodes: {
    binding: "RATE_NODES",
    what: "requests of nodes to be let in, or to connect",
    per: "address",
    limit: 60,
    seconds: 60,
    why: "a household's nodes share one address and all come back after an outage, each trying again a few times",
  },
  call: {
    binding: "RATE_CALL",
    what: "MCP requests",
    per: "person",
    limit: 300,
    seconds: 60,
    why: "five a second over all of a person's clients; a pi-controller takes one a second in the long run",
  },
  page: {
    binding: "RATE_PAGE",
    what: "pages about homes and their live values",
    per: "person",
    limit: 120,
    seconds: 60,
    why: "a page that is looked at asks anew about every five seconds, and a few may be open; one that is hidden does not",
  },
} as const satisfies Record<string, Rate>;

export type RateName = keyof typeof RATES;

/** At most so many in any stretch of so many seconds. */
export interface Window {
  readonly limit: number;
  readonly seconds: number;
}

const DAY = 24 * 60 * 60;
/** As long as a connection can last without its person signing in. */
const MONTH = 31 * DAY;

/** Counted exactly and over longer times than a rate, by a Durable Object (`tally.ts`); all of the windows hold. */
export const TALLIES = {
  wrongPasswords: {
    what: "wrong passwords",
    per: "home and name, from browsers that have not signed in by it before",
    windows: [{ limit: 2, seconds: MONTH }],
    why: "the fifth makes a pi-controller lock the account, and its count does not fade by itself; an account has two names, the other one is its e-mail address; the right password starts anew",
  },
  wrongPasswordsKnown: {
    what: "wrong passwords",
    per: "home and name, from browsers that have signed in by it before",
    windows: [{ limit: 2, seconds: MONTH }],
    why: "strangers who use up the tries of a name do not keep its owner out",
  },
  registrations: {
    what: "registrations of clients",
    per: "address",
    windows: [{ limit: 100, seconds: DAY }],
    why: "each is stored for two months",
  },
} as const satisfies Record<string, { what: string; per: string; windows: readonly Window[]; why: string }>;

export type TallyName = keyof typeof TALLIES;

/** How large or how many at a time. */
interface Cap {
  readonly what: string;
  readonly limit: number;
  readonly unit: string;
  readonly why: string;
}

const KIB = 1024;

export const CAPS = {
  url: {
    what: "URL",
    limit: 8192,
    unit: "characters",
    why: "authorization requests are the longest, with about 1,000",
  },
  headers: { what: "headers of a request", limit: 100, unit: "headers", why: "browsers and proxies send about 40" },
  headerBytes: {
    what: "all headers together",
    limit: 32 * KIB,
    unit: "characters",
    why: "two cookies of 4 KiB and a token fit several times",
  },
  form: { what: "form", limit: 16 * KIB, unit: "bytes", why: "a name, a password and where to go on" },
  oauthBody: {
    what: "token request or registration",
    limit: 64 * KIB,
    unit: "bytes",
    why: "the longest real ones have a few KiB; read before the OAuth library does",
  },
  clientFields: { what: "description of a client", limit: 50, unit: "fields", why: "the standard has about 20" },
  clientList: {
    what: "redirect addresses of a client, or another list in its description",
    limit: 10,
    unit: "entries",
    why: "real clients have one to four",
  },
  clientField: { what: "text of a client's description", limit: 2048, unit: "characters", why: "the longest are URLs" },
  clientName: { what: "name of a client", limit: 100, unit: "characters", why: "people read it before they consent" },
  mcpBody: { what: "MCP request", limit: KIB * KIB, unit: "bytes", why: "tool arguments are small" },
  depth: { what: "nesting of an MCP request", limit: 64, unit: "levels", why: "a pod's specification has about 15" },
  batch: {
    what: "batch of MCP messages",
    limit: 10,
    unit: "messages",
    why: "only 2025-03-26 has batches, and all of one run at the same time",
  },
} as const satisfies Record<string, Cap>;

/**
 * How long a client's registration lives without being used, in seconds. A token request in its second half renews
 * it, so that with twice the life of a refresh token no registration goes before its connection does.
 */
export const registrationSeconds = (refreshSeconds: number) => 2 * refreshSeconds;
