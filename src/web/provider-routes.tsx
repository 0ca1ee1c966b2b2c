import { type Context, Hono } from "hono";
import { FORGET_FLOW, flowOf, newFlow, rememberFlow } from "../auth/providers/flow-cookie.ts";
import type { Provider, Vouched } from "../auth/providers/provider.ts";
import { personIn } from "../auth/sign-in.ts";
import { rememberPerson } from "../auth/sign-in-cookie.ts";
import { Fault } from "../lib/errors.ts";
import type { WebParts } from "./app.tsx";
import { ProblemPage, StartAgainPage } from "./layout.tsx";
import { isRequest, NextPath } from "./next.ts";
import { problemOf } from "./problem.ts";
import { SignInPage } from "./sign-in-page.tsx";

/** The status of a page about a provider's failure. */
const STATUS = { timeout: 504, connection_failed: 502, operation_failed: 502 } as const;

function statusOf({ type }: Fault): 401 | 502 | 504 {
  return type === "timeout" || type === "connection_failed" || type === "operation_failed" ? STATUS[type] : 401;
}

/** The page for somebody whom a provider vouches for, and PEOPLE does not list. */
function NotListedPage({ provider, vouched }: { provider: Provider; vouched: Vouched }) {
  const [name = vouched.userName] = vouched.names;
  return (
    <ProblemPage
      title="Not on the list"
      message={`${provider.name} says that you are ${vouched.names.join(", ")}. This gateway does not know you by that.`}
      next={`Its owner can let you in: by adding "${name}" to PEOPLE. If you meant another account, sign out at ${provider.name} first. Then connect again from your AI client.`}
    />
  );
}

/** Sign-in at a provider: to there, and back. */
export function providerRoutes({ origin, oauth, signIn, sealer }: WebParts): Hono {
  const app = new Hono();
  const redirectUriOf = ({ id }: Provider) => `${origin}/sign-in/${id}/callback`;

  /** Says what went wrong on the page that offers all ways to sign in. */
  async function problemPage(c: Context, next: string, error: unknown) {
    if (!(error instanceof Fault)) throw error;
    const problem = problemOf(error);
    const request = isRequest(next) ? await oauth.parseAuthRequest(new Request(new URL(next, origin))) : undefined;
    const clientName = request === undefined ? undefined : (await oauth.describeConsent(request)).clientName;
    return c.html(<SignInPage {...{ ways: signIn, clientName, next, problem }} />, statusOf(error));
  }

  async function begin(c: Context, provider: Provider) {
    const next = NextPath.safeParse(c.req.query("next"));
    if (!next.success) return c.html(<StartAgainPage />, 400);
    const flow = newFlow(next.data);
    const cookie = await rememberFlow(sealer, provider.id, flow);
    if (cookie === undefined) {
      const message = "Your AI client’s request is too long to come back to after a sign-in elsewhere.";
      return c.html(
        <ProblemPage title="This cannot go on" message={message} next="Use another way to sign in." />,
        400,
      );
    }
    try {
      const url = await provider.begin(redirectUriOf(provider), flow);
      c.header("set-cookie", cookie);
      return c.redirect(url.href, 302);
    } catch (error) {
      return problemPage(c, flow.next, error);
    }
  }

  async function finish(c: Context, provider: Provider) {
    const flow = await flowOf(sealer, provider.id, c.req.header("cookie") ?? null);
    // Whatever comes of it: an answer is looked at once.
    c.header("set-cookie", FORGET_FLOW);
    if (flow === undefined) return c.html(<StartAgainPage />, 400);
    try {
      const vouched = await provider.finish(new URL(c.req.url).searchParams, redirectUriOf(provider), flow);
      const person = personIn(signIn.rules, vouched);
      if (person === undefined) return c.html(<NotListedPage provider={provider} vouched={vouched} />, 403);
      c.header("set-cookie", await rememberPerson(sealer, person), { append: true });
      return c.redirect(flow.next, 303);
    } catch (error) {
      return problemPage(c, flow.next, error);
    }
  }

  for (const provider of signIn.providers) {
    app.use(`/sign-in/${provider.id}/*`, async (c, next) => {
      c.header("cache-control", "no-store");
      await next();
    });
    app.get(`/sign-in/${provider.id}`, (c) => begin(c, provider));
    app.get(`/sign-in/${provider.id}/callback`, (c) => finish(c, provider));
  }
  return app;
}
