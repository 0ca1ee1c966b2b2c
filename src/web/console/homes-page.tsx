import { Hono } from "hono";
import type { Freeze } from "../../contract/activity.ts";
import type { Trouble } from "../../contract/context.ts";
import type { Role } from "../../contract/role.ts";
import type { Home } from "../../homes/home.ts";
import { Fault, isUnanswered } from "../../lib/errors.ts";
import { Layout, type Signed } from "../layout.tsx";
import { DOCTOR_PATH, HOMES_PATH } from "../next.ts";
import { furtherHomes } from "../offer.ts";
import { FurtherHome } from "../sign-in-page.tsx";
import { Moment } from "./format.tsx";
import { activityPath, Chip, FrozenNote, homePath } from "./parts.tsx";
import { type ConsoleParts, forGuests, type Guest, homeOf, signedAt } from "./visit.tsx";

/** A home as its person finds it. */
interface Found {
  readonly id: string;
  readonly name: string;
  readonly freeze: Freeze | null;
  /** What they may do there now. */
  readonly role?: Role;
  /** Why the home did not let them in, or did not answer. */
  readonly problem?: string;
  readonly trouble?: Trouble | undefined;
}

function State({ role, problem, trouble }: Found) {
  if (role !== undefined) {
    return (
      <p>
        <Chip tone="good">Reachable</Chip> You are {role} here.
      </p>
    );
  }
  return (
    <>
      <p>
        <Chip tone="bad">{trouble === undefined ? "Not let in" : "Not reached"}</Chip>
        {trouble === undefined ? null : (
          <>
            {" "}
            Down since <Moment at={trouble.since} />, or longer.
          </>
        )}
      </p>
      <p class="problem">{problem}</p>
    </>
  );
}

function HomeCard({ found }: { found: Found }) {
  const { id, name, freeze } = found;
  return (
    <article class="card home">
      <h2>
        <a href={homePath(id)}>{name}</a>
      </h2>
      <State {...found} />
      <FrozenNote freeze={freeze} homeId={id} />
      <ul class="links">
        <li>
          <a href={homePath(id)} aria-label={`Clusters and Pis of ${name}`}>
            Clusters and Pis
          </a>
        </li>
        <li>
          <a href={activityPath(id)} aria-label={`Activity at ${name}`}>
            Activity
          </a>
        </li>
        <li>
          <a href={DOCTOR_PATH} aria-label={`Doctor for ${name}`}>
            Doctor
          </a>
        </li>
      </ul>
    </article>
  );
}

function HomesPage({ homes, further, signed }: { homes: readonly Found[]; further: readonly Home[]; signed: Signed }) {
  return (
    <Layout title="Homes" signed={signed} wide>
      <h1>{homes.length === 1 ? "Your home" : "Your homes"}</h1>
      <div class="cards">
        {homes.map((found) => (
          <HomeCard found={found} />
        ))}
      </div>
      <FurtherHome further={further} next={HOMES_PATH} />
    </Layout>
  );
}

/** The page of all homes of a person. */
export function homesRoutes(parts: ConsoleParts): Hono {
  const app = new Hono();

  async function find(guest: Guest, id: string): Promise<Found> {
    const home = homeOf(parts, guest, id, parts.origin);
    const about = { id, name: home.home.name, freeze: await home.activity.frozen() };
    try {
      return { ...about, role: await home.presentRole(0) };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      const down = isUnanswered(error) ? home.trouble() : undefined;
      return { ...about, problem: [error.message, ...error.suggestions].join(" "), trouble: down };
    }
  }

  app.get(
    HOMES_PATH,
    forGuests(parts, async (guest) => {
      const { c, person } = guest;
      const ids = Object.keys(person.homes).filter((id) => parts.signIn.homes.some((home) => home.id === id));
      const homes = await Promise.all(ids.map((id) => find(guest, id)));
      const further = furtherHomes(person, parts.signIn.homes);
      return c.html(<HomesPage {...{ homes, further }} signed={signedAt(guest, HOMES_PATH)} />);
    }),
  );

  return app;
}
