import { sameText } from "../lib/crypto.ts";
import { series, type Sums, written } from "./series.ts";

/** What is asked when somebody scrapes. */
export interface Scraped {
  /** What whoever scrapes has to know. */
  readonly token: string;
  /** What was counted in all isolates. */
  readonly counted: () => Promise<Sums>;
  readonly homes: readonly {
    readonly id: string;
    readonly isUp: () => Promise<boolean>;
    /** Pins reserved now. */
    readonly reserved: () => Promise<number>;
  }[];
}

/** Prometheus' text format. */
const TEXT = { "content-type": "text/plain; version=0.0.4; charset=utf-8", "cache-control": "no-store" };

/** Whether a request carries the token. */
async function mayScrape(request: Request, token: string): Promise<boolean> {
  const given = /^Bearer (.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  return given !== undefined && (await sameText(given, token));
}

/** The answer to whoever has no token. */
function tokenNeeded(): Response {
  const headers = { "www-authenticate": "Bearer", "cache-control": "no-store" };
  return Response.json({ error: "unauthorized", message: "METRICS_TOKEN is needed." }, { status: 401, headers });
}

/** What cannot be asked is left out: a gauge that is missing is no 0. */
async function gauge(name: string, homeId: string, ask: Promise<number | boolean>): Promise<Sums> {
  try {
    return { [series(name, { home: homeId })]: Number(await ask) };
  } catch {
    return {};
  }
}

/** All that is counted and all that is so now, for who has the token. */
export async function scrape(request: Request, { token, homes, counted }: Scraped): Promise<Response> {
  if (!(await mayScrape(request, token))) return tokenNeeded();
  const now = homes.flatMap(({ id, isUp, reserved }) => [
    gauge("pimcp_reservations_held", id, reserved()),
    gauge("pimcp_home_up", id, isUp()),
  ]);
  const [sums, ...gauges] = await Promise.all([counted(), ...now]);
  const all = Object.fromEntries([sums, ...gauges].flatMap((each) => Object.entries(each)));
  return new Response(written(all), { headers: TEXT });
}
