import type { Connection, Sightings } from "./connection.ts";

/** `skipped`: not looked at, or not in use; `seen` says why. */
export const HOP_STATES = ["ok", "failed", "skipped"] as const;

/** One stretch of the way from an AI client to the hardware. */
export interface Hop {
  readonly hop: string;
  readonly state: (typeof HOP_STATES)[number];
  /** What was seen, or why nothing was. */
  readonly seen: string;
  /** The one change that mends it; only of what failed. */
  readonly remedy?: string;
}

/** What is looked at only if somebody asks for it. */
export interface DiagnosisOptions {
  /** Tries the default account once, which a home counts towards locking it. */
  readonly defaultLogin: boolean;
}

/** Goes along the way to one home. It does not throw for what it finds. */
export type Diagnose = (options: DiagnosisOptions) => Promise<readonly Hop[]>;

const LOOPBACK = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/** What can be told from within of the way to the gateway itself: whoever reads this has come through. */
export function gatewayHop(origin: string): Hop {
  const hop = "public_url";
  if (!LOOPBACK.test(origin)) return { hop, state: "ok", seen: `Clients reach this gateway at ${origin}/mcp.` };
  const seen = `${origin} is reached by programs on this computer only; AI services on the internet need an https address.`;
  return { hop, state: "skipped", seen };
}

/** What a client's last steps tell of it. */
export function clientState({ discovered, listed, called }: Sightings): Pick<Hop, "state" | "seen" | "remedy"> {
  if (called !== null) return { state: "ok", seen: "It calls tools." };
  if (listed !== null) return { state: "ok", seen: "It has fetched the tools and called none yet." };
  if (discovered !== null) {
    return {
      state: "failed",
      seen: "It connected, but never fetched the tools.",
      remedy: "Disconnect it in the AI client and connect it again; then look into the gateway's log (wrangler tail).",
    };
  }
  return {
    state: "failed",
    seen: "It was allowed here, but never came to /mcp.",
    remedy:
      "Run npm run doctor -- <this gateway's address>: most often a bot or AI-crawler rule of Cloudflare drops it before the gateway.",
  };
}

/** A client as the doctor tells of it. */
export function clientReport(connection: Connection & Sightings) {
  const { clientName, since, discovered, listed, called } = connection;
  return { client: clientName, since, discovered, listed, called, ...clientState(connection) };
}
