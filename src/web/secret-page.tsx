import { type Context, Hono } from "hono";
import { FORGET_PERSON, personOf } from "../auth/sign-in-cookie.ts";
import type { WebParts } from "./app.tsx";
import { Layout, ProblemPage } from "./layout.tsx";
import { SecretPath } from "./next.ts";
import { SignInPage } from "./sign-in-page.tsx";

function OfferPage({ label, path }: { label: string; path: string }) {
  return (
    <Layout title="Shown once">
      <h1>{label}</h1>
      <p>
        This is shown <strong>once</strong> and then deleted here. Have the place ready where it belongs, and mind who
        sees your screen.
      </p>
      <form method="post" action={path}>
        <button class="primary" type="submit">
          Show it now
        </button>
      </form>
    </Layout>
  );
}

function ShownPage({ label, value }: { label: string; value: string }) {
  return (
    <Layout title="Shown once">
      <h1>{label}</h1>
      <pre>{value}</pre>
      <p class="note">
        Copy it now, with its first and last line: it has been deleted here, and reloading does not bring it back. Store
        it where only its service can read it (<code>chmod 600</code>), and not in a chat.
      </p>
    </Layout>
  );
}

function gone(userName: string) {
  return (
    <ProblemPage
      title="Nothing here"
      message={`There is nothing here for ${userName}: it was shown already, ten minutes have passed, or it is for another account.`}
      next="If it was for another account of yours, open the link again and sign in with that one. Otherwise ask your AI client to issue it anew."
    />
  );
}

/** The pages that hand out what was left for one person, once. */
export function secretRoutes({ signIn, sealer, secrets }: WebParts): Hono {
  const app = new Hono();
  const person = (c: Context) => personOf(sealer, c.req.header("cookie") ?? null, signIn.rules);

  app.use("/secrets/*", async (c, next) => {
    c.header("cache-control", "no-store");
    return SecretPath.safeParse(c.req.path).success ? next() : c.notFound();
  });

  app.get("/secrets/:id", async (c) => {
    const who = await person(c);
    if (who === undefined) return c.html(<SignInPage ways={signIn} next={c.req.path} />);
    const label = await secrets.label(c.req.param("id"), who);
    if (label !== undefined) return c.html(<OfferPage label={label} path={c.req.path} />);
    c.header("set-cookie", FORGET_PERSON);
    return c.html(gone(who.userName), 404);
  });

  app.post("/secrets/:id", async (c) => {
    const who = await person(c);
    if (who === undefined) return c.redirect(c.req.path, 303);
    const taken = await secrets.take(c.req.param("id"), who);
    return taken === undefined ? c.html(gone(who.userName), 404) : c.html(<ShownPage {...taken} />);
  });

  return app;
}
