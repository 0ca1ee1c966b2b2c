import { Hono } from "hono";
import { z } from "zod";
import type { GrantProps } from "../auth/grant.ts";
import { OFFLINE_ACCESS, scopesOf } from "../auth/scopes.ts";
import type { Person } from "../auth/sign-in.ts";
import { FORGET_PERSON, personOf, rememberPerson } from "../auth/sign-in-cookie.ts";
import { lower, ROLES } from "../contract/role.ts";
import { Fault } from "../lib/errors.ts";
import type { WebParts } from "./app.tsx";
import { CONNECTIONS_PATH } from "./connections-page.tsx";
import { ConsentPage } from "./consent-page.tsx";
import { ProblemPage } from "./layout.tsx";
import { SecretPath } from "./secret-page.tsx";
import { SignInPage } from "./sign-in-page.tsx";

const MAX_FIELD = 255;
/** Names that clients give themselves are kept to this length. */
const MAX_NAME = 200;

const SignInForm = z.object({
  /** Only back to what asked for it: anything else would be an open redirect. */
  next: z.union([z.string().startsWith("/authorize?").max(8192), SecretPath, z.literal(CONNECTIONS_PATH)]),
  home: z.string().max(MAX_FIELD),
  username: z.string().min(1).max(MAX_FIELD),
  password: z.string().min(1).max(MAX_FIELD),
});

const ConsentForm = z.object({
  handle: z.string().min(1).max(1024),
  decision: z.enum(["allow", "deny"]),
  level: z.enum(ROLES).default("viewer"),
});

function propsOf(person: Person): GrantProps {
  return {
    userId: person.userId,
    userName: person.userName,
    connectionId: crypto.randomUUID(),
    homes: { [person.homeId]: { role: person.role, login: person.login } },
  };
}

/** One sentence for each failure; none tells whether the account exists. */
function problemOf(error: unknown): string {
  if (!(error instanceof Fault)) throw error;
  if (error.type === "unauthorized" && error.details?.statusCode === 401) return "User name and password do not fit.";
  return [error.message, ...error.suggestions].join(" ");
}

function startAgain() {
  return (
    <ProblemPage
      title="Start again"
      message="This page is too old, or was opened in another browser."
      next="Go back to your AI client and connect again."
    />
  );
}

/** Sign-in and consent: the pages between a client's authorization request and its code. */
export function authorizeRoutes({ oauth, signIn, sealer, connections }: WebParts): Hono {
  const app = new Hono();
  const homeName = (id: string) => signIn.homes.find((home) => home.id === id)?.name;

  /** The request that a person signs in for, if it is a client's. @throws AuthorizationError for one that is none */
  const authorizationOf = async (next: string, url: string) =>
    next === CONNECTIONS_PATH || SecretPath.safeParse(next).success
      ? undefined
      : oauth.parseAuthRequest(new Request(new URL(next, url)));

  app.get("/authorize", async (c) => {
    const request = await oauth.parseAuthRequest(c.req.raw);
    const client = await oauth.describeConsent(request);
    const person = await personOf(sealer, c.req.header("cookie") ?? null);
    const name = person === undefined ? undefined : homeName(person.homeId);
    c.header("cache-control", "no-store");
    if (person === undefined || name === undefined) {
      const { pathname, search } = new URL(c.req.url);
      return c.html(<SignInPage homes={signIn.homes} clientName={client.clientName} next={pathname + search} />);
    }
    const { handle, headers } = await oauth.beginConsent(request);
    for (const cookie of headers.getSetCookie()) c.header("set-cookie", cookie, { append: true });
    return c.html(<ConsentPage client={client} person={person} homeName={name} handle={handle} />);
  });

  app.post("/sign-in", async (c) => {
    const form = SignInForm.safeParse(await c.req.parseBody());
    if (!form.success) return c.html(startAgain(), 400);
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
      return c.html(<SignInPage {...{ homes: signIn.homes, clientName, next, problem, username }} />, 401);
    }
  });

  app.post("/authorize", async (c) => {
    const form = ConsentForm.safeParse(await c.req.parseBody());
    const person = await personOf(sealer, c.req.header("cookie") ?? null);
    if (!form.success || person === undefined) return c.html(startAgain(), 400);
    const { handle, decision, level } = form.data;
    if (decision === "deny") {
      const denied = await oauth.denyConsent(c.req.raw, handle);
      denied.headers.append("set-cookie", FORGET_PERSON);
      return new Response(null, { status: 302, headers: denied.headers });
    }
    // The form may claim more than the person's own role; it is not believed.
    const scope = [...scopesOf(lower(level, person.role)), OFFLINE_ACCESS];
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
      level: lower(level, person.role),
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
