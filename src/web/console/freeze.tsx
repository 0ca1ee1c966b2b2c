import type { Freeze } from "../../contract/activity.ts";
import { atLeast, type Role } from "../../contract/role.ts";
import { homePath, ReasonField } from "./parts.tsx";

interface FreezeProps {
  readonly homeId: string;
  readonly name: string;
  readonly role: Role;
  readonly user: string;
  readonly freeze: Freeze | null;
}

function Hidden({ act, user }: { act: "freeze" | "lift"; user: string }) {
  return (
    <>
      <input type="hidden" name="act" value={act} />
      <input type="hidden" name="user" value={user} />
    </>
  );
}

function LiftForm({ homeId, name, user }: Omit<FreezeProps, "role" | "freeze">) {
  return (
    <form method="post" action={homePath(homeId)}>
      <Hidden act="lift" user={user} />
      <p>Changes are refused at {name}. Lift the freeze when it is safe to switch things again.</p>
      <button class="primary" type="submit">
        Lift the freeze
      </button>
    </form>
  );
}

/** One button that stops all changes at a home, or lets them be made again. */
export function FreezeForm({ homeId, name, role, user, freeze }: FreezeProps) {
  const isAdmin = atLeast(role, "admin");
  return (
    <section class="panel" id="freeze">
      <h2>{freeze === null ? "Freeze" : "Frozen"}</h2>
      {isAdmin ? null : <p class="hint">Only admins of {name} freeze it or lift that.</p>}
      {isAdmin && freeze !== null ? <LiftForm {...{ homeId, name, user }} /> : null}
      {isAdmin && freeze === null ? (
        <form method="post" action={homePath(homeId)}>
          <Hidden act="freeze" user={user} />
          <p>
            Stops all changes at {name} at once, by every person and every AI client, until an admin lifts it here.
            Reading goes on, and reservations still end safely.
          </p>
          <ReasonField />
          <button class="grave" type="submit">
            Freeze {name}
          </button>
        </form>
      ) : null}
    </section>
  );
}
