import { Hono } from "hono";
import * as z from "zod";
import { personOf } from "../auth/sign-in-cookie.ts";
import type { Person } from "../auth/sign-in.ts";
import type { Caller } from "../contract/caller.ts";
import { clientReport, gatewayHop, type Hop } from "../contract/diagnosis.ts";
import { withDeadline } from "../lib/deadline.ts";
import { Fault } from "../lib/errors.ts";
import type { WebParts } from "./app.tsx";
import { Layout } from "./layout.tsx";
import { DOCTOR_PATH } from "./next.ts";
import { SignInPage } from "./sign-in-page.tsx";

/** A person waits for the page no longer than this; what was not looked at by then is said to have failed. */
const PAGE_MS = 20_000;

const DoctorForm = z.object({ default_login: z.literal("try") });

const MARK: Readonly<Record<Hop["state"], string>> = { ok: "✓ works", failed: "✗ broken", skipped: "– not looked at" };

/** Titles of the hops, as people read them. */
const TITLES: Readonly<Record<string, string>> = {
  public_url: "The gateway’s address",
  tunnel: "Tunnel",
  access: "Cloudflare Access and security rules",
  tls: "Encryption",
  controller: "pi-controller",
  sign_in: "Sign-in at the home",
  role: "What you may do there",
  clock: "Clock",
  dialect: "Kind of pi-controller",
  default_login: "Default account",
  agents: "Agents on the Pis",
  k3s: "The clusters’ own K3s API",
};

function Hops({ hops }: { hops: readonly Hop[] }) {
  return (
    <dl>
      {hops.map(({ hop, state, seen, remedy }) => (
        <>
          <dt>
            {TITLES[hop] ?? hop}: {MARK[state]}
          </dt>
          <dd>
            {seen}
            {remedy === undefined ? null : <p class="problem">{remedy}</p>}
          </dd>
        </>
      ))}
    </dl>
  );
}

const minuteOf = (at: string | null) => (at === null ? "never" : `${at.slice(0, 10)} ${at.slice(11, 16)} UTC`);

function ClientCard({ report }: { report: ReturnType<typeof clientReport> }) {
  const { client, discovered, listed, called, state, seen, remedy } = report;
  return (
    <section class="card">
      <h3>{client}</h3>
      <Hops hops={[{ hop: "State", state, seen, ...(remedy === undefined ? {} : { remedy }) }]} />
      <p class="hint">
        Last connected anew: {minuteOf(discovered)}. Last fetched the tools: {minuteOf(listed)}. Last called one:{" "}
        {minuteOf(called)}.
      </p>
    </section>
  );
}

interface Looked {
  readonly name: string;
  readonly hops: readonly Hop[];
}

interface PageProps {
  readonly who: string;
  readonly origin: string;
  readonly homes: readonly Looked[];
  readonly clients: readonly ReturnType<typeof clientReport>[];
  readonly isAdmin: boolean;
}

function DoctorPage({ who, origin, homes, clients, isAdmin }: PageProps) {
  return (
    <Layout title="Doctor" signed={{ who, here: DOCTOR_PATH }}>
      <h1>From your AI client to your Pis</h1>
      <Hops hops={[gatewayHop(origin)]} />
      {homes.map(({ name, hops }) => (
        <section class="card">
          <h2>{name}</h2>
          <Hops hops={hops} />
        </section>
      ))}
      {isAdmin ? (
        <form method="post" action={DOCTOR_PATH}>
          <input type="hidden" name="default_login" value="try" />
          <p>
            Every new pi-controller has the account admin with the password admin123. To see whether yours still does,
            it is tried once; a refusal counts towards locking that account.
          </p>
          <button type="submit">Try the default account</button>
        </form>
      ) : null}
      <h2>AI clients that act for you</h2>
      {clients.length === 0 ? <p>There is none.</p> : null}
      {clients.map((report) => (
        <ClientCard report={report} />
      ))}
      <p>
        What lies before the gateway is seen from outside only: run <code>{`npm run doctor -- ${origin}`}</code>
      </p>
    </Layout>
  );
}

/** A person who looks at their homes, as the caller that they are. */
function callerOf({ userId, userName, homes }: Person): Caller {
  return { userId, userName, clientId: "doctor", connectionId: "doctor", homes };
}

/** The page that shows where the way from a client to the hardware is broken. */
export function doctorRoutes({ origin, signIn, sealer, connections, open }: WebParts): Hono {
  const app = new Hono();
  const nameOf = (id: string) => signIn.homes.find((home) => home.id === id)?.name ?? id;

  async function look(caller: Caller, id: string, defaultLogin: boolean): Promise<Looked> {
    const name = nameOf(id);
    try {
      const hops = await withDeadline(PAGE_MS, (signal) => open(caller, id, signal).diagnose({ defaultLogin }));
      return { name, hops };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      return {
        name,
        hops: [{ hop: "sign_in", state: "failed", seen: error.message, remedy: error.suggestions[0] ?? "" }],
      };
    }
  }

  async function page(person: Person, defaultLogin: boolean) {
    const caller = callerOf(person);
    const [homes, mine] = await Promise.all([
      Promise.all(Object.keys(person.homes).map((id) => look(caller, id, defaultLogin))),
      connections(person.userId).list(),
    ]);
    const isAdmin = Object.values(person.homes).some(({ role }) => role === "admin");
    const clients = mine.map((each) => clientReport(each));
    return <DoctorPage {...{ origin, homes, clients, isAdmin }} who={person.userName} />;
  }

  app.on(["GET", "POST"], DOCTOR_PATH, async (c) => {
    c.header("cache-control", "no-store");
    const person = await personOf(sealer, c.req.header("cookie") ?? null, signIn.rules);
    if (person === undefined) return c.html(<SignInPage ways={signIn} next={DOCTOR_PATH} />);
    const asked = c.req.method === "POST" && DoctorForm.safeParse(await c.req.parseBody()).success;
    return c.html(await page(person, asked));
  });

  return app;
}
