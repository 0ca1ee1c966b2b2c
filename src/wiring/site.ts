import { connectionsOf } from "../accounts/port.ts";
import { callerOf } from "../auth/grant.ts";
import { limitedSignIn } from "../auth/limited-sign-in.ts";
import { limitOAuth } from "../auth/oauth-limits.ts";
import { endGrants, identity, insufficientScope, MCP_PATH } from "../auth/provider.ts";
import { scopesOf } from "../auth/scopes.ts";
import { carefully } from "../auth/unknown-clients.ts";
import type { Role } from "../contract/role.ts";
import { connectNode } from "../federation/connect.ts";
import { joinNode } from "../federation/join.ts";
import { CONNECT_PATH, JOIN_PATH } from "../federation/wire/limits.ts";
import { endpointOf } from "../homes/reach.ts";
import { addressOf } from "../limits/address.ts";
import { RATES } from "../limits/table.ts";
import { noEndpoint, serveMcp, signInAgain, signInFirst, unavailable } from "../mcp/route.ts";
import { sessionIds } from "../mcp/session-id.ts";
import { tooManyRequests } from "../mcp/too-many.ts";
import { scrape } from "../metrics/scrape.ts";
import { listOperations } from "../operations/port.ts";
import { isUp } from "../pi/system.ts";
import { reservedNow } from "../reservations/port.ts";
import { leftSecrets } from "../secrets/port.ts";
import { NODES_PATH } from "../web/next.ts";
import { webApp } from "../web/app.tsx";
import {
  configOf,
  countedOf,
  limitsOf,
  openHomeOf,
  openPiOf,
  outsideOf,
  pinsOf,
  sealerOf,
  signInOf,
  unpacedWaysOf,
} from "./parts.ts";

/** Everything that is served at one origin. */
type Site = (request: Request, ctx: ExecutionContext, pathname: string) => Promise<Response>;

const sites = new Map<string, Site>();

/** The page of metrics, for who has its token; `undefined` if there is none. */
export function metricsPage(request: Request, env: Env): Promise<Response> | undefined {
  const { metricsToken: token, homes } = configOf(env);
  const counted = countedOf(env);
  if (counted === undefined || token === undefined) return undefined;
  const [ways, pins] = [unpacedWaysOf(env), pinsOf(env)];
  const asked = homes.map((home) => ({
    id: home.id,
    isUp: () => isUp(endpointOf(home, ways)),
    reserved: () => reservedNow(pins, home.id),
  }));
  return scrape(request, { token, homes: asked, counted: () => counted.all() });
}

export function siteFor(origin: string, env: Env): Site {
  const known = sites.get(origin);
  if (known !== undefined) return known;
  const counted = limitsOf(env);
  const given = sessionIds(configOf(env).tokenKey);
  const signIn = signInOf(env);
  const names = new Map(signIn.homes.map(({ id, name }) => [id, name]));
  const nameOf = (homeId: string) => names.get(homeId);
  const oauth = identity(
    origin,
    signIn.homes.map(({ id }) => id),
    {
      async fetch(request, { MCP_SESSION }, context) {
        const caller = callerOf(context, signIn.rules, nameOf);
        if (caller === undefined) return signInAgain(request.url);
        if (!(await counted.within("call", caller.userId))) return tooManyRequests(RATES.call.seconds);
        const stepUp = (role: Role) => insufficientScope(context.auth, scopesOf(role));
        return serveMcp(request, caller, {
          sessions: MCP_SESSION,
          ids: given,
          stepUp,
          observed: (points) => countedOf(env)?.calls(points, (work) => context.waitUntil(work)),
        });
      },
    },
  );
  const sealer = sealerOf(env);
  const api = oauth.issuer.getOAuthApi(env);
  const pages = webApp({
    origin,
    oauth: carefully(api, origin, outsideOf(env).fetch),
    signIn: limitedSignIn(signIn, counted),
    sealer,
    secrets: leftSecrets(env.ONE_TIME_SECRET, sealer),
    // Anew for each page: what requests wait for together must be of one object, not of an isolate.
    open: (caller, homeId, signal) => openPiOf(env, {})(caller, homeId, signal),
    home: (...asked) => openHomeOf(env)(...asked),
    register: (homeId) => env.HOME_HUB.getByName(homeId),
    operations: (caller, homeId) => listOperations(env.OPERATION, env.HOME_HUB.getByName(homeId), caller, homeId),
    connections: (userId) => connectionsOf(env.ACCOUNT, userId, (user, ids) => endGrants(api, user, ids)),
    nodes: (homeId) => env.HOME_HUB.getByName(homeId),
    limits: counted,
  });
  const joining = {
    origin,
    homes: signIn.homes.map(({ id }) => id),
    mtls: configOf(env).nodeMtls,
    page: `${origin}${NODES_PATH}`,
    waitSeconds: RATES.nodes.seconds,
    hub: (homeId: string) => env.HOME_HUB.getByName(homeId),
  };
  const ofNodes = (asked: Request, pathname: string) => {
    const within = () => counted.within("nodes", addressOf(asked));
    if (pathname === JOIN_PATH) return joinNode(asked, { ...joining, within });
    return pathname === CONNECT_PATH ? connectNode(asked, { ...joining, within }) : undefined;
  };
  const site: Site = async (asked, ctx, pathname) => {
    const node = ofNodes(asked, pathname);
    if (node !== undefined) return node;
    const request = await limitOAuth(asked, pathname, counted);
    if (request instanceof Response) return request;
    const answer = await oauth.fetch(request, env, ctx);
    if (answer === undefined) return noEndpoint(pathname) ?? pages.fetch(request);
    if (!pathname.startsWith(MCP_PATH)) return answer;
    if (answer.status >= 500) return unavailable(answer);
    if (answer.status !== 401) return answer;
    // Counted afterwards: whoever has a valid token is not held up by others with the same address.
    const within = await counted.within("refused", addressOf(request));
    return within ? signInFirst(answer) : tooManyRequests(RATES.refused.seconds);
  };
  sites.set(origin, site);
  return site;
}
