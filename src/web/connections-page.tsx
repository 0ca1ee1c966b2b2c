import { Hono } from "hono";
import { z } from "zod";
import { FORGET_PERSON, personOf } from "../auth/sign-in-cookie.ts";
import type { Connection, Sightings } from "../contract/connection.ts";
import type { WebParts } from "./app.tsx";
import { Layout } from "./layout.tsx";
import { LEVELS } from "./levels.ts";
import { CONNECTIONS_PATH } from "./next.ts";
import { SignInPage } from "./sign-in-page.tsx";

type Seen = Connection & Sightings;

const EndForm = z.object({ connection: z.union([z.literal("all"), z.uuid()]) });

/** "2026-11-20 18:05 UTC": without a script, nobody knows the reader's time zone. */
const minuteOf = (at: string) => `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;

const seenAt = (at: string | null) => (at === null ? "not yet" : <time datetime={at}>{minuteOf(at)}</time>);

interface EndButtonProps {
  readonly connection: string;
  readonly text: string;
  /** What tells connections of the same client apart. */
  readonly describedBy?: string;
}

function EndButton({ connection, text, describedBy }: EndButtonProps) {
  return (
    <form method="post" action={CONNECTIONS_PATH}>
      <input type="hidden" name="connection" value={connection} />
      <button type="submit" aria-describedby={describedBy}>
        {text}
      </button>
    </form>
  );
}

function ConnectionCard({ connection, nameOf }: { connection: Seen; nameOf: (homeId: string) => string }) {
  const { id, clientName, redirectHost, homes, level, stays, since, discovered, listed, called } = connection;
  return (
    <article class="card">
      <h2>{clientName}</h2>
      <dl>
        <dt>May</dt>
        <dd>
          {LEVELS[level].name} at {homes.map((home) => nameOf(home)).join(", ")}
        </dd>
        <dt>Connected</dt>
        <dd id={`since-${id}`}>
          {seenAt(since)}, tokens sent to {redirectHost}
          {stays ? "" : "; ends by itself within a day"}
        </dd>
        <dt>Last connected anew</dt>
        <dd>{seenAt(discovered)}</dd>
        <dt>Last fetched the tools</dt>
        <dd>{seenAt(listed)}</dd>
        <dt>Last called a tool</dt>
        <dd>{seenAt(called)}</dd>
      </dl>
      <EndButton connection={id} text={`End ${clientName}`} describedBy={`since-${id}`} />
    </article>
  );
}

interface PageProps {
  readonly userName: string;
  readonly connections: readonly Seen[];
  readonly nameOf: (homeId: string) => string;
  readonly done?: string | undefined;
}

function ConnectionsPage({ userName, connections, nameOf, done }: PageProps) {
  return (
    <Layout title="Connections">
      <h1>AI clients that act for {userName}</h1>
      {done === undefined ? null : (
        <p class="note" role="status" tabindex={-1} autofocus>
          {done}
        </p>
      )}
      {connections.length === 0 ? (
        <p>
          There is none. To connect one, add this gateway’s address to it: see the <a href="/">front page</a>.
        </p>
      ) : null}
      {connections.map((connection) => (
        <ConnectionCard connection={connection} nameOf={nameOf} />
      ))}
      {connections.length > 1 ? <EndButton connection="all" text="End all of them" /> : null}
      <p class="hint">What a client was seen to do is noted about every ten minutes.</p>
    </Layout>
  );
}

/** The page where a person sees which clients act for them, and ends them. */
export function connectionRoutes({ signIn, sealer, connections }: WebParts): Hono {
  const app = new Hono();
  const nameOf = (id: string) => signIn.homes.find((home) => home.id === id)?.name ?? id;

  app.use(CONNECTIONS_PATH, async (c, next) => {
    c.header("cache-control", "no-store");
    return next();
  });

  app.get(CONNECTIONS_PATH, async (c) => {
    const person = await personOf(sealer, c.req.header("cookie") ?? null, signIn.rules);
    if (person === undefined) return c.html(<SignInPage ways={signIn} next={CONNECTIONS_PATH} />);
    const { userId, userName } = person;
    return c.html(<ConnectionsPage {...{ userName, nameOf, connections: await connections(userId).list() }} />);
  });

  app.post(CONNECTIONS_PATH, async (c) => {
    const person = await personOf(sealer, c.req.header("cookie") ?? null, signIn.rules);
    const form = EndForm.safeParse(await c.req.parseBody());
    if (person === undefined || !form.success) return c.redirect(CONNECTIONS_PATH, 303);
    const { userId, userName } = person;
    const mine = connections(userId);
    const { connection } = form.data;
    const ended = await mine.end(connection === "all" ? undefined : connection);
    const done =
      ended.length === 0
        ? "That one had ended already."
        : "Ended. From now on it is refused until you connect it again.";
    const left = await mine.list();
    if (left.length === 0) c.header("set-cookie", FORGET_PERSON);
    return c.html(<ConnectionsPage {...{ userName, nameOf, connections: left, done }} />);
  });

  return app;
}
