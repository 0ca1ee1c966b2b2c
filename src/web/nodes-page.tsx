import { type Context, Hono } from "hono";
import type { Child } from "hono/jsx";
import { personOf } from "../auth/sign-in-cookie.ts";
import type { Person } from "../auth/sign-in.ts";
import { type ActivityLog, CONSOLE, type Freeze } from "../contract/activity.ts";
import type { Caller } from "../contract/caller.ts";
import type { Overview, Refused } from "../contract/node-register.ts";
import type { Role } from "../contract/role.ts";
import { withDeadline } from "../lib/deadline.ts";
import { Fault, type FaultBody } from "../lib/errors.ts";
import type { WebParts } from "./app.tsx";
import { FrozenNote } from "./console/parts.tsx";
import { Layout } from "./layout.tsx";
import { NODES_PATH } from "./next.ts";
import { ActForm, NodesOf } from "./node-card.tsx";
import { decisionsIn, grantsIn, isNew, NodesForm } from "./node-forms.ts";
import { SignInPage } from "./sign-in-page.tsx";

/** A person waits for the page no longer than this. */
const PAGE_MS = 20_000;

/** A home as its person may see it now. */
type Seen =
  | { readonly id: string; readonly name: string; readonly overview: Overview; readonly freeze: Freeze | null }
  | { readonly id: string; readonly name: string; readonly why: string };

/** What came of a form. */
interface Told {
  readonly done?: string;
  readonly problem?: string;
  /** An enrolment token, to be shown once. */
  readonly token?: { readonly home: string; readonly token: string; readonly expires_at: string };
}

const EXAMPLE = "file.search viewer reads\nshell.run admin asks";

interface HomeProps {
  readonly origin: string;
  readonly user: string;
}

function Enrolment({ home, user }: { home: string; user: string }) {
  const id = `grants-${home}`;
  return (
    <details class="further">
      <summary>Make an enrolment token</summary>
      <p>
        It adopts one node within the hour without asking you, so hand it to that node alone: it can then read and write
        this home’s shared notes, and if it says that it is in the house, also those for the house alone. Say which
        capabilities are on at once, as the node describes them then: one a line with its name, who may use it (
        <code>viewer</code>, <code>operator</code>, <code>admin</code>) and how (<code>reads</code>,{" "}
        <code>changes</code>, <code>asks</code>
        ). All others are off.
      </p>
      <ActForm act="enrol" {...{ home, user }}>
        <div class="field">
          <label for={id}>Capabilities that are on at once</label>
          <textarea id={id} name="grants" rows={4} spellcheck={false} placeholder={EXAMPLE} maxlength={8192}></textarea>
        </div>
        <button type="submit">Make a token</button>
      </ActForm>
    </details>
  );
}

function HomeNodes({ origin, user, home }: HomeProps & { home: Seen }) {
  if ("why" in home) {
    return (
      <section>
        <h2>{home.name}</h2>
        <p class="note">{home.why}</p>
      </section>
    );
  }
  return (
    <section>
      <h2>{home.name}</h2>
      <FrozenNote freeze={home.freeze} homeId={home.id} />
      {home.overview.nodes.length === 0 ? <p>No node has asked to be let in.</p> : null}
      <p>To add one, run this on the machine:</p>
      <pre>{`npx pimcp node join ${origin} --home ${home.id}`}</pre>
      <NodesOf {...home.overview} home={home.id} user={user} />
      <Enrolment home={home.id} user={user} />
    </section>
  );
}

function Message({ told }: { told: Told }): Child {
  const { done, problem } = told;
  if (problem !== undefined) {
    return (
      <p class="problem" role="alert" tabindex={-1} autofocus>
        {problem}
      </p>
    );
  }
  if (done === undefined) return null;
  return (
    <p class="note" role="status" tabindex={-1} autofocus>
      {done}
    </p>
  );
}

function Token({ origin, token: shown }: { origin: string; token: NonNullable<Told["token"]> }) {
  const { home, token, expires_at } = shown;
  return (
    <section class="card">
      <h2>Enrolment token</h2>
      <p>
        It is shown once, and good for one node until{" "}
        <time datetime={expires_at}>{`${expires_at.slice(11, 16)} UTC`}</time>. Run this on the machine:
      </p>
      <pre>{`npx pimcp node join ${origin} --home ${home} --enrolment ${token}`}</pre>
    </section>
  );
}

interface PageProps extends HomeProps {
  readonly who: string;
  readonly homes: readonly Seen[];
  readonly told: Told;
}

function NodesPage({ origin, user, who, homes, told }: PageProps) {
  return (
    <Layout title="Nodes" signed={{ who, here: NODES_PATH }}>
      <h1>Machines that offer tools</h1>
      <Message told={told} />
      {told.token === undefined ? null : <Token origin={origin} token={told.token} />}
      <p>
        What a node says of itself is in quotation marks, and nobody has checked it. You decide what it may do, and for
        whom.
      </p>
      {homes.map((home) => (
        <HomeNodes {...{ origin, user, home }} />
      ))}
    </Layout>
  );
}

const sentence = ({ message, suggestions = [] }: FaultBody) => [message, ...suggestions].join(" ");
const toldOf = (refused: Refused, done: string): Told => (refused === null ? { done } : { problem: sentence(refused) });

/** What the forms set out to do, for the record. */
const WORDS: Readonly<Record<NodesForm["act"], string>> = {
  adopt: "adopt a node",
  end: "end a node",
  forgive: "let an ended node ask again",
  set: "switch what a node offers",
  enrol: "make an enrolment token",
};

const DONE = {
  adopt:
    "Adopted. It can read and write this home’s shared notes now. All that it offers is off until you switch it on.",
  end: "Ended. Its key is not let in again.",
  forgive: "It may ask again.",
} as const;

/** A home's register, as far as what is not done goes. */
export interface RefusalRegister extends ActivityLog {
  frozen(): Promise<Freeze | null>;
}

/** The page where the admins of a home decide which nodes belong to it, and what they may do. */
export function nodeRoutes({ origin, signIn, sealer, open, nodes, register }: WebParts): Hono {
  const app = new Hono();
  const nameOf = (id: string) => signIn.homes.find((home) => home.id === id)?.name ?? id;

  /** The role that somebody has at a home now, in the home's own words. @throws Fault */
  function roleNow({ userId, userName, homes }: Person, id: string): Promise<Role> {
    const caller: Caller = { userId, userName, clientId: "nodes", connectionId: "nodes", homes };
    return withDeadline(PAGE_MS, (signal) => open(caller, id, signal).presentRole(0));
  }

  /** Why somebody may not decide of a home's nodes; `undefined` if they may. */
  async function refusalAt(person: Person, id: string): Promise<string | undefined> {
    try {
      const role = await roleNow(person, id);
      return role === "admin" ? undefined : `You are ${role} here. Its admins decide which nodes belong to it.`;
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return sentence(error.toJSON());
    }
  }

  async function look(person: Person, id: string): Promise<Seen> {
    const why = await refusalAt(person, id);
    const home = { id, name: nameOf(id) };
    if (why !== undefined) return { ...home, why };
    const [overview, freeze] = await Promise.all([nodes(id).overview(), register(id).frozen()]);
    return { ...home, overview, freeze };
  }

  async function page(c: Context, person: Person, told: Told, status: 200 | 403 | 409 = 200) {
    const homes = await Promise.all(Object.keys(person.homes).map((id) => look(person, id)));
    return c.html(<NodesPage {...{ origin, user: person.userId, who: person.userName, homes, told }} />, status);
  }

  /** Sets what a form says anew of a node's capabilities. */
  async function set(form: Extract<NodesForm, { act: "set" }>, by: string): Promise<Told> {
    const home = nodes(form.home);
    const { nodes: all } = await home.overview();
    const known = all.find(({ id }) => id === form.node)?.capabilities ?? [];
    const wished = decisionsIn(form).filter((each) =>
      isNew(
        each,
        known.find(({ name }) => name === each.name),
      ),
    );
    if (wished.length === 0) return { done: "Nothing has changed." };
    const problems: string[] = [];
    for (const { name, hash, setting } of wished) {
      // One after the other: two may want the same name as a tool.
      const refused = await home.set(form.node, name, hash, setting, by);
      if (refused !== null) problems.push(sentence(refused));
    }
    const done = `Saved: ${wished.length - problems.length} of ${wished.length}.`;
    return problems.length === 0 ? { done } : { problem: [done, ...problems].join(" ") };
  }

  async function enrol({ home, grants: text }: Extract<NodesForm, { act: "enrol" }>, by: string): Promise<Told> {
    const grants = grantsIn(text);
    if ("line" in grants) {
      return { problem: `No token was made. This line is not such as “file.search viewer reads”: ${grants.line}` };
    }
    const token = await nodes(home).enrol([...grants], by);
    return { done: "Here is the token. It is not shown again.", token: { home, ...token } };
  }

  async function act(form: NodesForm, by: string): Promise<Told> {
    const home = nodes(form.home);
    switch (form.act) {
      case "adopt":
        return toldOf(await home.adopt(form.node, by), DONE.adopt);
      case "end":
        return toldOf(await home.end(form.node, by), DONE.end);
      case "forgive":
        return toldOf(await home.forgive(form.node, by), DONE.forgive);
      case "set":
        return set(form, by);
      case "enrol":
        return enrol(form, by);
    }
  }

  /** Writes down that somebody was not let do something. */
  const noteRefusal = ({ act: what, home }: NodesForm, { userName }: Person, why: string) =>
    register(home).record({
      who: userName,
      client: CONSOLE,
      what: `${WORDS[what]} on the page of nodes`,
      subject: "nodes",
      result: "refused",
      why,
    });

  /** Why nothing may be let in or switched now; ending a node is always good. */
  async function frozenAt({ act: what, home }: NodesForm): Promise<string | undefined> {
    const freeze = what === "end" ? null : await register(home).frozen();
    return freeze === null ? undefined : `${nameOf(home)} is frozen by ${freeze.by}: “${freeze.reason}”.`;
  }

  app.use(NODES_PATH, async (c, next) => {
    c.header("cache-control", "no-store");
    return next();
  });

  const personIn = (c: Context) => personOf(sealer, c.req.header("cookie") ?? null, signIn.rules);

  app.get(NODES_PATH, async (c) => {
    const person = await personIn(c);
    return person === undefined ? c.html(<SignInPage ways={signIn} next={NODES_PATH} />) : page(c, person, {});
  });

  app.post(NODES_PATH, async (c) => {
    const person = await personIn(c);
    const form = NodesForm.safeParse(await c.req.parseBody()).data;
    // Another tab may have signed in somebody else since.
    if (person === undefined || form?.user !== person.userId) return c.redirect(NODES_PATH, 303);
    const isTheirs = person.homes[form.home] !== undefined;
    const why = isTheirs ? await refusalAt(person, form.home) : "You have not signed in to that home here.";
    if (why !== undefined) {
      if (isTheirs) await noteRefusal(form, person, "not allowed");
      return page(c, person, { problem: `Nothing was done. ${why}` }, 403);
    }
    const frozen = await frozenAt(form);
    if (frozen !== undefined) {
      await noteRefusal(form, person, "the home is frozen");
      return page(c, person, { problem: `Nothing was done. ${frozen}` }, 409);
    }
    const told = await act(form, person.userName);
    return page(c, person, told, told.problem === undefined ? 200 : 409);
  });

  return app;
}
