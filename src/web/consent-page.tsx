import type { ConsentDescription } from "@cloudflare/workers-oauth-provider";
import type { Person } from "../auth/sign-in.ts";
import { atLeast, type Role, ROLES } from "../contract/role.ts";
import type { Home } from "../homes/home.ts";
import { Layout } from "./layout.tsx";
import { LEVELS } from "./levels.ts";

interface ConsentProps {
  readonly client: ConsentDescription;
  readonly person: Person;
  /** Those that the person has something at. */
  readonly homes: readonly Home[];
  /** The person's highest role at any of them. */
  readonly highest: Role;
  readonly handle: string;
}

function LevelChoice({ role, checked }: { role: Role; checked: boolean }) {
  return (
    <label class="choice">
      <input type="radio" name="level" value={role} checked={checked} />
      <span>
        <strong>{LEVELS[role].name}</strong>: {LEVELS[role].meaning}
      </span>
    </label>
  );
}

/** Asks whether, and how far, a client may act for the person who has signed in. */
export function ConsentPage({ client, person, homes, highest, handle }: ConsentProps) {
  return (
    <Layout title="Allow access">
      <h1>Allow {client.clientName} to act for you?</h1>
      <dl>
        <dt>Signed in as</dt>
        <dd>
          {person.userName}: {homes.map(({ id, name }) => `${person.homes[id]?.role} at ${name}`).join(", ")}
        </dd>
        <dt>Client</dt>
        <dd>
          {client.clientName}
          {client.clientDomain === undefined
            ? " – it named itself; nobody has checked that name"
            : ` – published by ${client.clientDomain}`}
        </dd>
        <dt>Access is sent to</dt>
        <dd>{client.redirectHost}</dd>
      </dl>
      {client.redirectIsLoopback ? (
        <p class="note">
          That is a program on the computer you are using. Go on only if you have just started this from it.
        </p>
      ) : null}
      <form method="post" action="/authorize">
        <input type="hidden" name="handle" value={handle} />
        <fieldset>
          <legend>What may it do?</legend>
          {ROLES.filter((role) => atLeast(highest, role)).map((role) => (
            // The least is preselected: more is a decision.
            <LevelChoice role={role} checked={role === "viewer"} />
          ))}
        </fieldset>
        <div class="actions">
          <button class="primary" name="decision" value="allow" type="submit">
            Allow
          </button>
          <button name="decision" value="deny" type="submit">
            Deny
          </button>
        </div>
      </form>
    </Layout>
  );
}
