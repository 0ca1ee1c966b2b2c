import { Hono } from "hono";
import * as z from "zod";
import { type Freeze, type KeptActivity, RESULTS } from "../../contract/activity.ts";
import { Layout, type Signed } from "../layout.tsx";
import { ACTIVITY_PATH } from "../next.ts";
import { exportOf } from "./export.ts";
import { Moment } from "./format.tsx";
import { activityPath, Chip, Frozen, homePath } from "./parts.tsx";
import { type ConsoleParts, forGuests, type Guest, homeIn, readingRole, signedAt } from "./visit.tsx";

/** Where the whole record of a home is handed out. */
const EXPORT_PATH = `${ACTIVITY_PATH}/export`;

const PAGE_ROWS = 50;

const Text = z.string().trim().max(100).optional().catch(undefined);

/** What is looked for; what does not fit counts as left out. */
const Query = z.object({
  who: Text,
  about: Text,
  result: z.enum(RESULTS).optional().catch(undefined),
  since: z.iso.date().optional().catch(undefined),
  before: z.coerce.number().int().min(1).optional().catch(undefined),
});
type Query = z.infer<typeof Query>;

const RESULT_WORDS: Readonly<Record<KeptActivity["result"], readonly [tone: "good" | "bad" | "plain", word: string]>> =
  {
    done: ["good", "Done"],
    begun: ["plain", "Begun"],
    refused: ["bad", "Refused"],
    failed: ["bad", "Failed"],
    unknown: ["bad", "Not known"],
  };

type Shown = KeptActivity & { readonly sentence: string };

function Entry({ entry }: { entry: Shown }) {
  const { seq, at, who, client, what, result, why } = entry;
  const [tone, word] = RESULT_WORDS[result];
  return (
    <li>
      <p class="hint">
        {seq}. <Moment at={new Date(at).toISOString()} seconds />
      </p>
      <p>
        <Chip tone={tone}>{word}</Chip>
      </p>
      <p>
        <strong>{who}</strong>
        {client === "" ? "" : ` (${client})`}: {what}.{why === null ? "" : ` ${why[0]?.toUpperCase()}${why.slice(1)}.`}
      </p>
    </li>
  );
}

function queryOf(homeId: string, { who, about, result, since }: Query, before: number): string {
  const query = new URLSearchParams({ home: homeId, before: String(before) });
  for (const [name, value] of Object.entries({ who, about, result, since })) {
    if (value !== undefined && value !== "") query.set(name, value);
  }
  return `${ACTIVITY_PATH}?${query.toString()}`;
}

function Filter({ homeId, query }: { homeId: string; query: Query }) {
  const { who = "", about = "", result, since = "" } = query;
  return (
    <form class="filter" method="get" action={ACTIVITY_PATH} role="search" aria-label="Activity">
      <input type="hidden" name="home" value={homeId} />
      <div class="field">
        <label for="who">Person or AI client</label>
        <input id="who" name="who" value={who} maxlength={100} />
      </div>
      <div class="field">
        <label for="about">What, or to what</label>
        <input id="about" name="about" value={about} maxlength={100} />
      </div>
      <div class="field">
        <label for="result">How it ended</label>
        <select id="result" name="result">
          <option value="">Any</option>
          {RESULTS.map((each) => (
            <option value={each} selected={each === result}>
              {RESULT_WORDS[each][1]}
            </option>
          ))}
        </select>
      </div>
      <div class="field">
        <label for="since">Since (UTC)</label>
        <input id="since" name="since" type="date" value={since} />
      </div>
      <div class="actions">
        <button type="submit">Show</button>
        <a class="button" href={activityPath(homeId)}>
          Show all
        </a>
      </div>
    </form>
  );
}

function Proof({ homeId, head }: { homeId: string; head: { readonly seq: number; readonly hash: string } }) {
  return (
    <section class="panel">
      <h2>Keep a copy, and check it</h2>
      <p>
        Each entry carries a hash of itself and of the one before, so that a copy shows whether any was changed or left
        out. Note the last hash somewhere else: only that tells whether the whole record was written anew.
      </p>
      <p>{head.seq === 0 ? "The record is empty." : `Entry ${head.seq} is the last one, and its hash is`}</p>
      {head.seq === 0 ? null : <pre>{head.hash}</pre>}
      <p>
        <a class="button" href={`${EXPORT_PATH}?home=${homeId}`}>
          Download the record
        </a>
      </p>
      <p>Then check the file on any computer, without asking anybody:</p>
      <pre>npx pimcp verify-activity FILE</pre>
    </section>
  );
}

interface PageProps {
  readonly homeId: string;
  readonly homeName: string;
  readonly others: readonly { readonly id: string; readonly name: string }[];
  readonly query: Query;
  readonly entries: readonly Shown[];
  readonly more: boolean;
  readonly freeze: Freeze | null;
  readonly head: { readonly seq: number; readonly hash: string };
  readonly signed: Signed;
}

function ActivityPage({ homeId, homeName, others, query, entries, more, freeze, head, signed }: PageProps) {
  const last = entries.at(-1);
  return (
    <Layout title={`Activity, ${homeName}`} signed={signed} wide>
      <p class="crumb">
        <a href={homePath(homeId)}>{homeName}</a>
        {others.map(({ id, name }) => (
          <>
            , or the activity of <a href={activityPath(id)}>{name}</a>
          </>
        ))}
      </p>
      <h1>What was done at {homeName}</h1>
      <Frozen freeze={freeze} homeId={homeId} />
      <p class="lead">
        Every change and every refusal, newest first, with who and through which AI client. Kept for 400 days.
      </p>
      <Filter homeId={homeId} query={query} />
      {entries.length === 0 ? <p>There is no such entry.</p> : null}
      <ol class="entries">
        {entries.map((entry) => (
          <Entry entry={entry} />
        ))}
      </ol>
      {more && last !== undefined ? (
        <p>
          <a class="button" href={queryOf(homeId, query, last.seq)}>
            Older entries
          </a>
        </p>
      ) : null}
      <Proof homeId={homeId} head={head} />
    </Layout>
  );
}

/** The pages of what was done at a home. */
export function activityRoutes(parts: ConsoleParts): Hono {
  const app = new Hono();

  async function page(guest: Guest): Promise<Response> {
    const { c } = guest;
    const home = homeIn(parts, guest);
    const { id: homeId, name: homeName } = home.home;
    await readingRole(home);
    const query = Query.parse(c.req.query());
    const { since, ...filter } = query;
    const [found, freeze, { head }] = await Promise.all([
      home.activity.list({
        ...filter,
        since: since === undefined ? undefined : Date.parse(since),
        limit: PAGE_ROWS + 1,
      }),
      home.activity.frozen(),
      parts.register(homeId).activitiesAfter(0, 0),
    ]);
    const entries = found.slice(0, PAGE_ROWS);
    const others = parts.signIn.homes.filter(({ id }) => id !== homeId && Object.hasOwn(guest.person.homes, id));
    const signed = signedAt(guest, ACTIVITY_PATH);
    const more = found.length > entries.length;
    return c.html(<ActivityPage {...{ homeId, homeName, others, query, entries, more, freeze, head, signed }} />);
  }

  app.get(ACTIVITY_PATH, forGuests(parts, page));

  app.get(
    EXPORT_PATH,
    forGuests(parts, async (guest) => {
      const home = homeIn(parts, guest);
      await readingRole(home);
      const { id } = home.home;
      const now = Date.now();
      const name = `activity-${id}-${new Date(now).toISOString().slice(0, 10)}.jsonl`;
      return new Response(await exportOf(parts.register(id), id, now), {
        headers: {
          "content-type": "application/x-ndjson; charset=utf-8",
          "content-disposition": `attachment; filename="${name}"`,
        },
      });
    }),
  );

  return app;
}
