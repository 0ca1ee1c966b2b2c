import { Hono } from "hono";
import * as z from "zod";
import type { HomePorts } from "../../contract/context.ts";
import { atLeast, type Role } from "../../contract/role.ts";
import type { SharedContext, SharedEntry, SharedVersion } from "../../contract/shared-context.ts";
import { Layout } from "../layout.tsx";
import { CONTEXT_PATH } from "../next.ts";
import { decideNote } from "./acts.ts";
import { Moment } from "./format.tsx";
import { Chip, Done, Frozen, homePath } from "./parts.tsx";
import { type ConsoleParts, forGuests, type Guest, homeIn, signedAt } from "./visit.tsx";

/** What the people, AI clients and nodes of a home tell each other. */

const PAGE_ROWS = 25;
/** Characters of a value in a list. */
const LISTED = 160;

const contextPath = (homeId: string, query: Readonly<Record<string, string>> = {}) =>
  `${CONTEXT_PATH}?${new URLSearchParams({ home: homeId, ...query }).toString()}`;

interface ValueProps {
  readonly value: string | null;
  readonly cut?: boolean;
}

/** A value is its author's words: text, whatever it holds. */
function Value({ value, cut = false }: ValueProps) {
  if (value === null) return <p class="hint">Deleted.</p>;
  const text = cut && value.length > LISTED ? `${value.slice(0, LISTED)}…` : value;
  return <pre>{text}</pre>;
}

function Written({ version, author, via, at }: SharedVersion) {
  return (
    <p class="hint">
      Version {version}, by {author}
      {via === null ? "" : ` (${via})`}, <Moment at={at} />
    </p>
  );
}

function Listed({ homeId, entry }: { homeId: string; entry: SharedEntry }) {
  const { key, value, conflicts } = entry;
  return (
    <li>
      <div>
        <h2>
          <a href={contextPath(homeId, { key })}>{key}</a>{" "}
          {conflicts.length === 0 ? null : <Chip tone="bad">{conflicts.length === 1 ? "Conflict" : "Conflicts"}</Chip>}
        </h2>
        <Value value={value} cut />
        <Written {...entry} />
      </div>
    </li>
  );
}

interface ActProps {
  readonly homeId: string;
  readonly user: string;
  readonly entry: SharedEntry;
  readonly act: "keep" | "delete";
  /** The version that stays. */
  readonly keep?: number;
  readonly text: string;
}

/** Decides of an entry as it was shown: if it has changed since, nothing is done. */
function ActForm({ homeId, user, entry, act, keep, text }: ActProps) {
  return (
    <form method="post" action={CONTEXT_PATH}>
      <input type="hidden" name="home" value={homeId} />
      <input type="hidden" name="user" value={user} />
      <input type="hidden" name="key" value={entry.key} />
      <input type="hidden" name="act" value={act} />
      <input type="hidden" name="version" value={String(entry.version)} />
      {keep === undefined ? null : <input type="hidden" name="keep" value={String(keep)} />}
      <button class={act === "delete" ? "grave" : undefined} type="submit">
        {text}
      </button>
    </form>
  );
}

interface EntryProps {
  readonly homeId: string;
  readonly user: string;
  readonly mayWrite: boolean;
  readonly entry: SharedEntry;
  readonly history: readonly SharedVersion[];
}

function Conflicts({ homeId, user, mayWrite, entry }: Omit<EntryProps, "history">) {
  if (entry.conflicts.length === 0) return null;
  return (
    <section class="panel">
      <h2>To be decided</h2>
      <p>These were written without having seen the present value. Choose the one that stays.</p>
      {mayWrite ? (
        <ActForm {...{ homeId, user, entry }} act="keep" keep={entry.version} text="Keep the present value" />
      ) : null}
      {entry.conflicts.map((lost) => (
        <article class="card">
          <h3>Version {lost.version}</h3>
          <Value value={lost.value} />
          <Written {...lost} />
          {mayWrite ? (
            <ActForm
              {...{ homeId, user, entry }}
              act="keep"
              keep={lost.version}
              text={`Keep version ${lost.version}`}
            />
          ) : null}
        </article>
      ))}
    </section>
  );
}

function EntryView(props: EntryProps) {
  const { homeId, user, mayWrite, entry, history } = props;
  return (
    <>
      <p class="crumb">
        <a href={contextPath(homeId)}>All notes</a>
      </p>
      <h1>{entry.key}</h1>
      <Value value={entry.value} />
      <Written {...entry} />
      {entry.expires_at === null ? null : (
        <p class="hint">
          It deletes itself at <Moment at={entry.expires_at} />.
        </p>
      )}
      <Conflicts {...props} />
      {mayWrite && entry.value !== null ? (
        <section class="panel">
          <h2>Delete it</h2>
          <p>What it was stays in the history for a while.</p>
          <ActForm {...{ homeId, user, entry }} act="delete" text="Delete this note" />
        </section>
      ) : null}
      <section class="panel">
        <h2>Before that</h2>
        {history.length === 0 ? <p class="hint">There was nothing before.</p> : null}
        <ul class="rows">
          {history.map((past) => (
            <li>
              <div>
                <Value value={past.value} />
                <Written {...past} />
              </div>
            </li>
          ))}
        </ul>
      </section>
    </>
  );
}

interface ListProps {
  readonly homeId: string;
  readonly homeName: string;
  readonly prefix: string;
  readonly offset: number;
  readonly found: Awaited<ReturnType<SharedContext["list"]>>;
}

function ListView({ homeId, homeName, prefix, offset, found }: ListProps) {
  const { entries, total, withheld } = found;
  const next = offset + entries.length;
  return (
    <>
      <p class="crumb">
        <a href={homePath(homeId)}>{homeName}</a>
      </p>
      <h1>Notes of {homeName}</h1>
      <p class="lead">
        What its people, AI clients and nodes have noted for each other. Each is its author’s words, and nobody has
        checked them.
      </p>
      <form class="filter" method="get" action={CONTEXT_PATH} role="search" aria-label="Notes">
        <input type="hidden" name="home" value={homeId} />
        <div class="field">
          <label for="prefix">Keys that begin with</label>
          <input id="prefix" name="prefix" value={prefix} maxlength={200} autocapitalize="none" spellcheck={false} />
        </div>
        <div class="actions">
          <button type="submit">Show</button>
        </div>
      </form>
      {entries.length === 0 ? <p>There is no such note.</p> : null}
      <ul class="rows">
        {entries.map((entry) => (
          <Listed homeId={homeId} entry={entry} />
        ))}
      </ul>
      {next < total ? (
        <p>
          <a class="button" href={contextPath(homeId, { prefix, offset: String(next) })}>
            More notes
          </a>
        </p>
      ) : null}
      {withheld === 0 ? null : (
        <p class="hint">{withheld} notes of this home are only for the nodes in the house, and are not shown here.</p>
      )}
    </>
  );
}

const Query = z.object({
  key: z.string().max(200).optional().catch(undefined),
  prefix: z.string().max(200).default("").catch(""),
  offset: z.coerce.number().int().min(0).default(0).catch(0),
});

const NoteForm = z.object({
  home: z.string(),
  user: z.string(),
  key: z.string().min(1).max(200),
  act: z.enum(["keep", "delete"]),
  version: z.coerce.number().int().min(1),
  keep: z.coerce.number().int().min(1).optional(),
});

async function body(guest: Guest, home: HomePorts, role: Role) {
  const { key, prefix, offset } = Query.parse(guest.c.req.query());
  const { shared } = home;
  const { id: homeId, name: homeName } = home.home;
  if (key === undefined) {
    const found = await shared.list(prefix, { limit: PAGE_ROWS, offset });
    return <ListView {...{ homeId, homeName, prefix, offset, found }} />;
  }
  const [entry, history] = await Promise.all([shared.read(key), shared.history(key)]);
  const mayWrite = atLeast(role, "operator");
  return <EntryView {...{ homeId, mayWrite, entry, history }} user={guest.person.userId} />;
}

/** The pages of a home's notes. */
export function contextRoutes(parts: ConsoleParts): Hono {
  const app = new Hono();

  app.get(
    CONTEXT_PATH,
    forGuests(parts, async (guest) => {
      const home = homeIn(parts, guest);
      const role = await home.presentRole(0);
      const [inner, freeze] = await Promise.all([body(guest, home, role), home.activity.frozen()]);
      const signed = signedAt(guest, CONTEXT_PATH);
      return guest.c.html(
        <Layout title="Notes" signed={signed} wide>
          <Done done={guest.c.req.query("done")} />
          <Frozen freeze={freeze} homeId={home.home.id} />
          {inner}
        </Layout>,
      );
    }),
  );

  app.post(
    CONTEXT_PATH,
    forGuests(parts, async (guest) => {
      const { c, person } = guest;
      const form = NoteForm.safeParse(await c.req.parseBody()).data;
      // Another tab may have signed in somebody else since.
      if (form?.user !== person.userId) return c.redirect(CONTEXT_PATH, 303);
      const home = homeIn(parts, guest, form.home);
      await decideNote(home, form);
      const key: Record<string, string> = form.act === "keep" ? { key: form.key } : {};
      return c.redirect(contextPath(form.home, { ...key, done: form.act === "keep" ? "kept" : "deleted" }), 303);
    }),
  );

  return app;
}
