import type { AuthRequest, ConsentDescription } from "@cloudflare/workers-oauth-provider";
import { type Context, Hono } from "hono";
import * as z from "zod";
import type { GrantProps } from "../auth/grant.ts";
import { deviceOf } from "../auth/device-cookie.ts";
import { homeOfResource } from "../auth/provider.ts";
import { OFFLINE_ACCESS, roleOf, scopesOf } from "../auth/scopes.ts";
import type { Person } from "../auth/sign-in.ts";
import { FORGET_PERSON, personOf, rememberPerson } from "../auth/sign-in-cookie.ts";
import { type Connection, isSharedId } from "../contract/connection.ts";
import { ROLES } from "../contract/role.ts";
import type { WebParts } from "./app.tsx";
import { ConsentPage } from "./consent-page.tsx";
import { StartAgainPage } from "./layout.tsx";
import { isRequest, NextPath } from "./next.ts";
import { type Agreed, agreedTo, furtherHomes, type Offer, offerAgain, offerFor } from "./offer.ts";
import { problemOf } from "./problem.ts";
import { SignInPage, type Tried } from "./sign-in-page.tsx";

const MAX_FIELD = 255;
/** Names that clients give themselves are kept to this length. */
const MAX_NAME = 200;
/** More homes than a gateway has. */
const MAX_CHOSEN = 64;

const SignInForm = z.object({
  /**
   * Whether a secret is there is not asked first, because the answer would tell; and it would close no door: anybody
   * may register a client to sign in for.
   */
  next: NextPath,
  /** Whether the home is added to those that the person has signed in to. */
  further: z.literal("yes").optional(),
  home: z.string().max(MAX_FIELD),
  username: z.string().min(1).max(MAX_FIELD),
  password: z.string().min(1).max(MAX_FIELD),
});

const Several = z.preprocess(
  (value) => (Array.isArray(value) || value === undefined ? value : [value]),
  z.array(z.string().max(MAX_FIELD)).max(MAX_CHOSEN).default([]),
);

const ConsentForm = z.object({
  handle: z.string().min(1).max(1024),
  next: NextPath,
  /** Whom the page named: in another tab, somebody else may have signed in since. */
  user: z.string(),
  decision: z.enum(["allow", "deny"]),
  level: z.enum(ROLES).default("viewer"),
  homes: Several,
  stay: z.literal("yes").optional(),
});

function propsOf(
  { userId, userName, identity, homes }: Person,
  { clientName }: ConsentDescription,
  { homes: ids }: Agreed,
): GrantProps {
  const chosen = Object.entries(homes).filter(([id]) => ids.includes(id));
  return {
    userId,
    userName,
    connectionId: crypto.randomUUID(),
    clientName: clientName.slice(0, MAX_NAME),
    ...(identity === undefined ? {} : { identity: { ...identity, names: [...identity.names] } }),
    homes: Object.fromEntries(chosen),
  };
}

function connectionOf(
  { resource = "" }: AuthRequest,
  { clientId, clientName, redirectHost }: ConsentDescription,
  id: string,
  { homes, level, stay }: Agreed,
): Connection {
  return {
    id,
    clientId,
    clientName: clientName.slice(0, MAX_NAME),
    redirectHost: redirectHost.slice(0, MAX_NAME),
    resource,
    homes,
    level,
    stays: stay,
    since: new Date().toISOString(),
  };
}

const scopeOf = ({ level, stay }: Agreed) => [...scopesOf(level), ...(stay ? [OFFLINE_ACCESS] : [])];

/** Whoever they were first they stay, and keep what they have; what they have at a further home comes along. */
function joined(before: Person | undefined, person: Person): Person {
  if (before === undefined || before.identity !== undefined) return person;
  return { ...before, homes: { ...person.homes, ...before.homes } };
}

/** What a client asks for beyond seeing, if it names it. */
function askedLevel({ scope }: AuthRequest) {
  const role = roleOf(scope);
  return role === undefined || role === "viewer" ? undefined : role;
}

/** Sign-in and consent: the pages between a client's authorization request and its code. */
export function authorizeRoutes({ oauth, signIn, sealer, connections }: WebParts): Hono {
  const app = new Hono();
  const personIn = (cookie: string | undefined) => personOf(sealer, cookie ?? null, signIn.rules);

  /** The request that a person signs in for, if it is a client's. @throws AuthorizationError for one that is none */
  const authorizationOf = async (next: string, url: string) =>
    isRequest(next) ? oauth.parseAuthRequest(new Request(new URL(next, url))) : undefined;

  async function offerOf(request: AuthRequest, client: ConsentDescription, person: Person): Promise<Offer | undefined> {
    const onlyHome = homeOfResource(request.resource);
    return offerFor({ ...client, onlyHome }, person, signIn.homes, await connections(person.userId).list());
  }

  interface Shown {
    readonly request: AuthRequest;
    readonly client: ConsentDescription;
    readonly person: Person;
    readonly offer: Offer;
    readonly next: string;
    readonly problem?: string;
    readonly tried?: Tried;
  }

  /** A new consent page: each carries a handle that works once, in this browser. */
  async function consent(c: Context, { request, client, person, offer, next, problem, tried }: Shown) {
    const { handle, headers } = await oauth.beginConsent(request);
    for (const cookie of headers.getSetCookie()) c.header("set-cookie", cookie, { append: true });
    const { userId, userName } = person;
    const asks = askedLevel(request);
    return c.html(<ConsentPage {...{ client, userId, userName, offer, handle, next, asks, problem, tried }} />);
  }

  interface Failed {
    readonly request: AuthRequest | undefined;
    /** Who has signed in before, and tried a further home. */
    readonly person: Person | undefined;
    readonly next: string;
    readonly problem: string;
    readonly tried: Tried;
  }

  /** The page from which a sign-in was tried, with what went wrong. */
  async function notSignedIn(c: Context, { request, person, next, problem, tried }: Failed) {
    const client = request === undefined ? undefined : await oauth.describeConsent(request);
    if (request !== undefined && client !== undefined && person !== undefined) {
      const offer = await offerOf(request, client, person);
      if (offer !== undefined) return consent(c, { request, client, person, offer, next, problem, tried });
    }
    return c.html(<SignInPage {...{ ways: signIn, clientName: client?.clientName, next, problem, ...tried }} />);
  }

  app.get("/authorize", async (c) => {
    const request = await oauth.parseAuthRequest(c.req.raw);
    const client = await oauth.describeConsent(request);
    const person = await personIn(c.req.header("cookie"));
    const { pathname, search } = new URL(c.req.url);
    const next = pathname + search;
    c.header("cache-control", "no-store");
    const offer = person === undefined ? undefined : await offerOf(request, client, person);
    if (person !== undefined && offer !== undefined) return consent(c, { request, client, person, offer, next });
    return c.html(<SignInPage ways={signIn} clientName={client.clientName} next={next} />);
  });

  app.post("/sign-in", async (c) => {
    const form = SignInForm.safeParse(await c.req.parseBody());
    if (!form.success || !signIn.accounts) return c.html(<StartAgainPage />, 400);
    const { next, home, username, password, further } = form.data;
    const request = await authorizationOf(next, c.req.url);
    const before = further === undefined ? undefined : await mayAdd(c.req.header("cookie"), home);
    c.header("cache-control", "no-store");
    const device = await deviceOf(sealer, c.req.header("cookie") ?? null);
    try {
      const person = await signIn.signIn(home, { username, password }, await device.knows(home, username));
      c.header("set-cookie", await rememberPerson(sealer, joined(before, person)));
      c.header("set-cookie", await device.remember(home, [username, person.userName]), { append: true });
      return c.redirect(next, 303);
    } catch (error) {
      c.status(401);
      return notSignedIn(c, { request, person: before, next, problem: problemOf(error), tried: { home, username } });
    }
  });

  /** Who has signed in before, if they may sign in to that home besides. */
  async function mayAdd(cookie: string | undefined, home: string): Promise<Person | undefined> {
    const person = await personIn(cookie);
    const further = person === undefined ? [] : furtherHomes(person, signIn.homes);
    return further.some(({ id }) => id === home) ? person : undefined;
  }

  interface Answer {
    readonly handle: string;
    readonly next: string;
    readonly wished: Agreed;
  }

  async function allow(c: Context, person: Person, { handle, next, wished }: Answer): Promise<Response> {
    const { request, headers } = await oauth.approveConsent(c.req.raw, handle);
    const client = await oauth.describeConsent(request);
    const offer = await offerOf(request, client, person);
    if (offer === undefined) return c.html(<StartAgainPage />, 400);
    // The form may claim more than was offered; it is not believed.
    const agreed = agreedTo(offer, wished);
    if (agreed === undefined) {
      for (const cookie of headers.getSetCookie()) c.header("set-cookie", cookie, { append: true });
      c.status(400);
      const problem = "Nothing is allowed yet: choose at least one home.";
      return consent(c, { request, client, person, offer: offerAgain(offer, wished), next, problem });
    }
    const { userId } = person;
    const props = propsOf(person, client, agreed);
    const connection = connectionOf(request, client, props.connectionId, agreed);
    const { redirectTo } = await oauth.completeAuthorization({
      request,
      userId,
      metadata: { connectionId: connection.id },
      scope: scopeOf(agreed),
      props,
      // Another computer's installation of the same client keeps what it has.
      revokeExistingGrants: !isSharedId(connection),
    });
    // What it replaces ends when the new one is sure; a grant without it is refused.
    await connections(userId).add(connection);
    headers.append("set-cookie", FORGET_PERSON);
    headers.set("location", redirectTo);
    return new Response(null, { status: 302, headers });
  }

  app.post("/authorize", async (c) => {
    const form = ConsentForm.safeParse(await c.req.parseBody({ all: true }));
    const person = await personIn(c.req.header("cookie"));
    if (!form.success || person?.userId !== form.data.user) return c.html(<StartAgainPage />, 400);
    const { handle, next, decision, level, homes, stay } = form.data;
    c.header("cache-control", "no-store");
    if (decision === "allow") {
      return allow(c, person, { handle, next, wished: { homes, level, stay: stay === "yes" } });
    }
    const denied = await oauth.denyConsent(c.req.raw, handle);
    denied.headers.append("set-cookie", FORGET_PERSON);
    return new Response(null, { status: 302, headers: denied.headers });
  });

  return app;
}
