import { type Context, Hono } from "hono";
import * as z from "zod";
import type { Person } from "../auth/sign-in.ts";
import { FORGET_PERSON, personOf } from "../auth/sign-in-cookie.ts";
import type { Connection, Ended, Sightings } from "../contract/connection.ts";
import type { Home } from "../homes/home.ts";
import type { WebParts } from "./app.tsx";
import { Layout } from "./layout.tsx";
import { LEVELS } from "./levels.ts";
import { CONNECTIONS_PATH } from "./next.ts";
import { furtherHomes } from "./offer.ts";
import { FurtherHome, SignInPage } from "./sign-in-page.tsx";

type Seen = Connection & Sightings;

const EndForm = z.object({
  connection: z.union([z.literal("all"), z.uuid()]),
  /** Whom the page named: another tab may have signed in somebody else since. */
  user: z.string(),
});

/** "2026-11-20 18:05 UTC": without a script, nobody knows the reader's time zone. */
const minuteOf = (at: string) => `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`;

const seenAt = (at: string | null) => (at === null ? "not yet" : <time datetime={at}>{minuteOf(at)}</time>);

interface EndButtonProps {
  readonly connection: string;
  readonly user: string;
  readonly text: string;
  /** What tells connections of the same client apart. */
  readonly describedBy?: string;
}

function EndButton({ connection, user, text, describedBy }: EndButtonProps) {
  return (
    <form method="post" action={CONNECTIONS_PATH}>
      <input type="hidden" name="connection" value={connection} />
      <input type="hidden" name="user" value={user} />
      <button type="submit" aria-describedby={describedBy}>
        {text}
      </button>
    </form>
  );
}

interface CardProps {
  readonly connection: Seen;
  readonly userId: string;
  readonly nameOf: (homeId: string) => string;
}

function ConnectionCard({ connection, userId, nameOf }: CardProps) {
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
      <EndButton connection={id} user={userId} text={`End ${clientName}`} describedBy={`since-${id}`} />
    </article>
  );
}

/** What a person is told after they ended connections. */
function doneOf(ended: readonly Ended[]): string {
  if (ended.some(({ told }) => !told)) {
    return "Ended, but a session of it could not be told yet and may still let it act, for ten minutes at most. It is told again and again until it knows.";
  }
  const some = ended.some(({ ids }) => ids.length > 0);
  return some ? "Ended. From now on it is refused until you connect it again." : "That one had ended already.";
}

interface PageProps {
  readonly userId: string;
  readonly userName: string;
  readonly connections: readonly Seen[];
  /** How many more there are, which also reach homes that the person has not signed in to here. */
  readonly hidden: number;
  readonly further: readonly Home[];
  readonly nameOf: (homeId: string) => string;
  readonly done?: string | undefined;
}

function ConnectionsPage({ userId, userName, connections, hidden, further, nameOf, done }: PageProps) {
  return (
    <Layout title="Connections" signed={{ who: userName, here: CONNECTIONS_PATH }}>
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
        <ConnectionCard {...{ connection, userId, nameOf }} />
      ))}
      {connections.length > 1 ? <EndButton connection="all" user={userId} text="End all of them" /> : null}
      {hidden === 0 ? null : (
        <>
          <p>
            {hidden === 1 ? "One more is not shown: it" : `${hidden} more are not shown: they`} may also act at homes
            that you have not signed in to here.
          </p>
          <FurtherHome further={further} next={CONNECTIONS_PATH} />
        </>
      )}
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

  /** What somebody may see and end: their own, where they have shown that they are of all the homes it acts at. */
  async function shownTo(person: Person): Promise<{ shown: Seen[]; hidden: Seen[] }> {
    const all = await connections(person.userId).list();
    const isTheirs = (id: string) => person.homes[id] !== undefined || !signIn.homes.some((home) => home.id === id);
    const shown = all.filter(({ homes }) => person.identity !== undefined || homes.every((id) => isTheirs(id)));
    return { shown, hidden: all.filter((each) => !shown.includes(each)) };
  }

  async function page(c: Context, person: Person, done?: string) {
    const { shown, hidden } = await shownTo(person);
    if (done !== undefined && shown.length + hidden.length === 0) c.header("set-cookie", FORGET_PERSON);
    const { userId, userName } = person;
    const further = furtherHomes(person, signIn.homes);
    return c.html(
      <ConnectionsPage {...{ userId, userName, connections: shown, hidden: hidden.length, further, nameOf, done }} />,
    );
  }

  const personIn = (c: Context) => personOf(sealer, c.req.header("cookie") ?? null, signIn.rules);

  app.get(CONNECTIONS_PATH, async (c) => {
    const person = await personIn(c);
    return person === undefined ? c.html(<SignInPage ways={signIn} next={CONNECTIONS_PATH} />) : page(c, person);
  });

  app.post(CONNECTIONS_PATH, async (c) => {
    const person = await personIn(c);
    const form = EndForm.safeParse(await c.req.parseBody());
    if (person === undefined || form.data?.user !== person.userId) return c.redirect(CONNECTIONS_PATH, 303);
    const { connection } = form.data;
    const { shown, hidden } = await shownTo(person);
    const wished = connection === "all" ? shown.map(({ id }) => id) : [connection];
    // Also what is not shown because it has ended: a session may not know of that yet.
    const theirs = wished.filter((each) => !hidden.some(({ id }) => id === each));
    return page(c, person, doneOf(await Promise.all(theirs.map((id) => connections(person.userId).end(id)))));
  });

  return app;
}
