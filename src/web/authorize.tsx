import { Hono } from "hono";
import { z } from "zod";
import type { GrantProps } from "../auth/grant.ts";
import { OFFLINE_ACCESS, scopesOf } from "../auth/scopes.ts";
import type { Person } from "../auth/sign-in.ts";
import { FORGET_PERSON, personOf, rememberPerson } from "../auth/sign-in-cookie.ts";
import { lower, type Role, ROLES } from "../contract/role.ts";
import { Fault } from "../lib/errors.ts";
import type { WebParts } from "./app.tsx";
import { ConsentPage } from "./consent-page.tsx";
import { StartAgainPage } from "./layout.tsx";
import { isRequest, NextPath } from "./next.ts";
import { SignInPage } from "./sign-in-page.tsx";

const MAX_FIELD = 255;
/** Names that clients give themselves are kept to this length. */
const MAX_NAME = 200;

const SignInForm = z.object({
  /**
   * Whether a secret is there is not asked first, because the answer would tell; and it would close no door: anybody
   * may register a client to sign in for.
   */
  next: NextPath,
  home: z.string().max(MAX_FIELD),
  username: z.string().min(1).max(MAX_FIELD),
  password: z.string().min(1).max(MAX_FIELD),
});

const ConsentForm = z.object({
  handle: z.string().min(1).max(1024),
  decision: z.enum(["allow", "deny"]),
  level: z.enum(ROLES).default("viewer"),
});

function propsOf({ userId, userName, identity, homes }: Person): GrantProps {
  return {
    userId,
    userName,
    connectionId: crypto.randomUUID(),
    ...(identity === undefined ? {} : { identity: { ...identity, names: [...identity.names] } }),
    homes: { ...homes },
  };
}

/** The highest role that someone has at any of their homes: one level is granted, and never more than theirs at each. */
function highestOf({ homes }: Person): Role {
  const roles = Object.values(homes).map(({ role }) => role);
  return ROLES.findLast((role) => roles.includes(role)) ?? "viewer";
}

/** One sentence for each failure; none tells whether the account exists. */
function problemOf(error: unknown): string {
  if (!(error instanceof Fault)) throw error;
  return [error.message, ...error.suggestions].join(" ");
}

/** Sign-in and consent: the pages between a client's authorization request and its code. */
export function authorizeRoutes({ oauth, signIn, sealer, connections }: WebParts): Hono {
  const app = new Hono();
  const personIn = (cookie: string | undefined) => personOf(sealer, cookie ?? null, signIn.rules);

  /** The request that a person signs in for, if it is a client's. @throws AuthorizationError for one that is none */
  const authorizationOf = async (next: string, url: string) =>
    isRequest(next) ? oauth.parseAuthRequest(new Request(new URL(next, url))) : undefined;

  app.get("/authorize", async (c) => {
    const request = await oauth.parseAuthRequest(c.req.raw);
    const client = await oauth.describeConsent(request);
    const person = await personIn(c.req.header("cookie"));
    const homes = signIn.homes.filter(({ id }) => person?.homes[id] !== undefined);
    c.header("cache-control", "no-store");
    if (person === undefined || homes.length === 0) {
      const { pathname, search } = new URL(c.req.url);
      return c.html(<SignInPage ways={signIn} clientName={client.clientName} next={pathname + search} />);
    }
    const { handle, headers } = await oauth.beginConsent(request);
    for (const cookie of headers.getSetCookie()) c.header("set-cookie", cookie, { append: true });
    return c.html(<ConsentPage {...{ client, person, homes, handle, highest: highestOf(person) }} />);
  });

  app.post("/sign-in", async (c) => {
    const form = SignInForm.safeParse(await c.req.parseBody());
    if (!form.success || !signIn.accounts) return c.html(<StartAgainPage />, 400);
    const { next, home, username, password } = form.data;
    const request = await authorizationOf(next, c.req.url);
    c.header("cache-control", "no-store");
    try {
      const person = await signIn.signIn(home, { username, password });
      c.header("set-cookie", await rememberPerson(sealer, person));
      return c.redirect(next, 303);
    } catch (error) {
      const problem = problemOf(error);
      const clientName = request === undefined ? undefined : (await oauth.describeConsent(request)).clientName;
      return c.html(<SignInPage {...{ ways: signIn, clientName, next, problem, username }} />, 401);
    }
  });

  app.post("/authorize", async (c) => {
    const form = ConsentForm.safeParse(await c.req.parseBody());
    const person = await personIn(c.req.header("cookie"));
    if (!form.success || person === undefined) return c.html(<StartAgainPage />, 400);
    const { handle, decision, level } = form.data;
    if (decision === "deny") {
      const denied = await oauth.denyConsent(c.req.raw, handle);
      denied.headers.append("set-cookie", FORGET_PERSON);
      return new Response(null, { status: 302, headers: denied.headers });
    }
    // The form may claim more than the person's own role; it is not believed.
    const scope = [...scopesOf(lower(level, highestOf(person))), OFFLINE_ACCESS];
    const { request, headers } = await oauth.approveConsent(c.req.raw, handle, { scope });
    const { userId } = person;
    const props = propsOf(person);
    const client = await oauth.describeConsent(request);
    await connections(userId).add({
      id: props.connectionId,
      clientId: client.clientId,
      clientName: client.clientName.slice(0, MAX_NAME),
      redirectHost: client.redirectHost.slice(0, MAX_NAME),
      resource: request.resource ?? "",
      homes: Object.keys(props.homes),
      level: lower(level, highestOf(person)),
      stays: true,
      since: new Date().toISOString(),
    });
    const metadata = { connectionId: props.connectionId };
    const { redirectTo } = await oauth.completeAuthorization({ request, userId, metadata, scope, props });
    headers.append("set-cookie", FORGET_PERSON);
    headers.set("location", redirectTo);
    return new Response(null, { status: 302, headers });
  });

  return app;
}
