import { Hono } from "hono";
import * as z from "zod";
import type { Freeze } from "../../contract/activity.ts";
import type { ListedOperation } from "../../contract/operation.ts";
import type { Reservation } from "../../contract/reservation.ts";
import { atLeast, type Role } from "../../contract/role.ts";
import { Layout, type Signed } from "../layout.tsx";
import { DOCTOR_PATH, HOMES_PATH } from "../next.ts";
import { freezeHome, liftHome } from "./acts.ts";
import { FreezeForm } from "./freeze.tsx";
import { Moment } from "./format.tsx";
import { OperationList } from "./operations-view.tsx";
import { type ClusterPart, type Known, known, overview } from "./overview.ts";
import { activityPath, Chip, Done, Frozen, homePath, Live, LiveBar } from "./parts.tsx";
import { ClusterView } from "./pi-card.tsx";
import { Reserved } from "./reservations-view.tsx";
import { type ConsoleParts, forVisits, partOf, readingRole, signedAt, type Visit } from "./visit.tsx";

/** Seconds between two looks: temperatures move slowly, and each look costs a request for each Pi. */
const PIS_EVERY = 60;
/** Costs one request of the home, for the reader's role. */
const NOW_EVERY = 10;

/** What changes from minute to minute, and lies with the gateway. */
interface Now {
  readonly freeze: Freeze | null;
  readonly reservations: readonly Reservation[];
  readonly operations: readonly ListedOperation[];
  readonly nameOf: (gpioId: number) => string;
}

interface NowProps {
  readonly homeId: string;
  readonly role: Role;
  readonly now: Now;
}

function NowView({ homeId, role, now }: NowProps) {
  return (
    <>
      <section class="panel">
        <h2>Reserved pins</h2>
        <Reserved {...{ homeId, ...now }} isAdmin={atLeast(role, "admin")} />
      </section>
      <section class="panel">
        <h2>Operations</h2>
        <OperationList operations={now.operations} />
      </section>
    </>
  );
}

function Pis({ homeId, parts }: { homeId: string; parts: Known<readonly ClusterPart[]> }) {
  if ("problem" in parts) {
    return (
      <p class="problem">
        {parts.problem} The <a href={DOCTOR_PATH}>doctor</a> looks at the way there.
      </p>
    );
  }
  if (parts.value.length === 0) return <p class="hint">There is no cluster and no Pi yet.</p>;
  return (
    <>
      {parts.value.map((part) => (
        <ClusterView homeId={homeId} part={part} />
      ))}
      <p class="hint">
        As of <Moment at={new Date().toISOString()} seconds />.
      </p>
    </>
  );
}

interface PageProps extends NowProps {
  readonly origin: string;
  readonly name: string;
  readonly user: string;
  readonly reachable: boolean;
  readonly pis: Known<readonly ClusterPart[]>;
  readonly done: string | undefined;
  readonly signed: Signed;
}

function HomePage({ origin, homeId, name, user, role, reachable, now, pis, done, signed }: PageProps) {
  return (
    <Layout title={name} signed={signed} wide live>
      <h1>{name}</h1>
      <Done done={done} />
      <Frozen freeze={now.freeze} homeId={homeId} here />
      <p class="lead">
        {reachable ? <Chip tone="good">Reachable</Chip> : <Chip tone="bad">Not reached</Chip>} You are {role} here. See
        its <a href={activityPath(homeId)}>activity</a>, or ask the <a href={DOCTOR_PATH}>doctor</a>.
      </p>
      <LiveBar every="This page follows what happens while you look at it." />
      <h2 class="unseen">Clusters and Pis</h2>
      <Live id="pis" every={PIS_EVERY}>
        <Pis homeId={homeId} parts={pis} />
      </Live>
      <Live id="now" every={NOW_EVERY}>
        <NowView {...{ homeId, role, now }} />
      </Live>
      <FreezeForm {...{ homeId, name, role, user }} freeze={now.freeze} />
      <section class="panel">
        <h2>For AI clients</h2>
        <p>The address of this home alone:</p>
        <pre>{`${origin}/mcp/h/${homeId}`}</pre>
      </section>
    </Layout>
  );
}

const FreezeWish = z.discriminatedUnion("act", [
  z.object({ act: z.literal("freeze"), user: z.string(), reason: z.string().trim().min(3).max(200) }),
  z.object({ act: z.literal("lift"), user: z.string() }),
]);

/** The page of one home. */
export function homeRoutes(parts: ConsoleParts): Hono {
  const app = new Hono();

  async function nowAt({ home, caller }: Visit): Promise<Now> {
    const id = home.home.id;
    const [freeze, reservations, operations] = await Promise.all([
      home.activity.frozen(),
      home.reservations.list(false),
      parts.operations(caller, id),
    ]);
    const ids = reservations.map(({ gpio_id }) => gpio_id);
    const pinOf = await known(home.pi.gpio.pinsOf(ids));
    const nameOf = (gpioId: number) =>
      ("value" in pinOf ? pinOf.value(gpioId)?.name : undefined) ?? `GPIO device ${gpioId}`;
    return { freeze, reservations, operations, nameOf };
  }

  async function part(visit: Visit, name: string) {
    const { c, home } = visit;
    const homeId = home.home.id;
    if (name === "pis") {
      const pis = { value: await overview(home) };
      return c.html(
        <div id="pis">
          <Pis homeId={homeId} parts={pis} />
        </div>,
      );
    }
    const role = await home.presentRole(0);
    const now = await nowAt(visit);
    return c.html(
      <>
        <Frozen freeze={now.freeze} homeId={homeId} here />
        <div id="now">
          <NowView {...{ homeId, role, now }} />
        </div>
      </>,
    );
  }

  app.get(
    `${HOMES_PATH}/:home`,
    forVisits(parts, async (visit) => {
      const { c, home, person } = visit;
      const wish = partOf(c);
      if (wish !== undefined) return part(visit, wish);
      const role = await readingRole(home);
      const [now, pis] = await Promise.all([nowAt(visit), known(overview(home))]);
      const { id: homeId, name } = home.home;
      const reachable = home.trouble() === undefined;
      const about = { origin: parts.origin, homeId, name, user: person.userId, role, reachable, now, pis };
      return c.html(<HomePage {...about} done={c.req.query("done")} signed={signedAt(visit, HOMES_PATH)} />);
    }),
  );

  app.post(
    `${HOMES_PATH}/:home`,
    forVisits(parts, async (visit) => {
      const { c, home, person } = visit;
      const path = homePath(home.home.id);
      const wish = FreezeWish.safeParse(await c.req.parseBody()).data;
      // Another tab may have signed in somebody else since; and a reason may be missing.
      if (wish?.user !== person.userId) return c.redirect(`${path}#freeze`, 303);
      if (wish.act === "freeze") await freezeHome(home, wish.reason);
      else await liftHome(home, parts.register(home.home.id));
      return c.redirect(`${path}?done=${wish.act === "freeze" ? "frozen" : "lifted"}`, 303);
    }),
  );

  return app;
}
