import { Refusal } from "./demo.ts";

/** A token bucket (contract 2.4). */
interface Rule {
  readonly perSecond: number;
  readonly burst: number;
  /** What `X-RateLimit-Limit` says. */
  readonly shown: number;
  readonly refusal: Record<string, string | number>;
  readonly headers: Record<string, string>;
}

const GLOBAL: Rule = {
  perSecond: 1,
  burst: 10,
  shown: 60,
  refusal: { error: "Rate Limit Exceeded", message: "Too many requests, please slow down", retry_after: 60 },
  headers: {},
};

const GPIO: Rule = {
  perSecond: 10,
  burst: 20,
  shown: 10,
  refusal: {
    error: "Rate Limit Exceeded",
    message: "GPIO operation rate limit exceeded. Rapid GPIO switching can damage hardware.",
    retry_after: 1,
    limit: 10,
  },
  headers: { "Retry-After": "1" },
};

const EXEMPT: ReadonlySet<string> = new Set(["127.0.0.1", "::1"]);

/** Buckets are forgotten beyond this many, oldest first, so that the map cannot grow without end. */
const MAX_BUCKETS = 1000;

interface Bucket {
  tokens: number;
  at: number;
}

function createBuckets(rule: Rule) {
  const buckets = new Map<string, Bucket>();
  return (key: string, now: number): Record<string, string> => {
    const old = buckets.get(key) ?? { tokens: rule.burst, at: now };
    const tokens = Math.min(rule.burst, old.tokens + ((now - old.at) / 1000) * rule.perSecond);
    const left = tokens >= 1 ? tokens - 1 : tokens;
    buckets.delete(key);
    buckets.set(key, { tokens: left, at: now });
    const [oldest] = buckets.keys();
    if (buckets.size > MAX_BUCKETS && oldest !== undefined) buckets.delete(oldest);
    const headers = {
      "X-RateLimit-Limit": String(rule.shown),
      "X-RateLimit-Remaining": String(Math.floor(left)),
      "X-RateLimit-Reset": String(Math.ceil(now / 1000 + (rule.burst - left) / rule.perSecond)),
    };
    if (tokens < 1) throw new Refusal(429, rule.refusal, { ...headers, ...rule.headers });
    return headers;
  };
}

/** The two rate limiters; each takes a token and returns headers, or throws the 429. */
export interface Limits {
  /** For every request, by client address. */
  global(ip: string, now: number): Record<string, string>;
  /** For GPIO routes, by user. */
  gpio(ip: string, userId: number, now: number): Record<string, string>;
}

/** Limiters with full buckets, or ones that let everything pass. */
export function createLimits(on: boolean): Limits {
  if (!on) return { global: () => ({}), gpio: () => ({}) };
  const global = createBuckets(GLOBAL);
  const gpio = createBuckets(GPIO);
  return {
    global: (ip, now) => (EXEMPT.has(ip) ? {} : global(ip, now)),
    gpio: (ip, userId, now) => (EXEMPT.has(ip) ? {} : gpio(String(userId), now)),
  };
}

/** The address a limiter counts: gin trusts every proxy, so the first forwarded one wins (contract 2.4). */
export function clientIp(headers: Headers): string {
  const forwarded = headers.get("x-forwarded-for")?.split(",")[0]?.trim();
  return forwarded ?? headers.get("x-real-ip") ?? "192.0.2.1";
}
