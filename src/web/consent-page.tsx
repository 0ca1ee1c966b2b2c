import type { ConsentDescription } from "@cloudflare/workers-oauth-provider";
import { atLeast, type Role, ROLES } from "../contract/role.ts";
import { Layout } from "./layout.tsx";
import { LEVELS } from "./levels.ts";
import { CONNECTIONS_PATH } from "./next.ts";
import type { Offer } from "./offer.ts";
import { FurtherHome, type Tried } from "./sign-in-page.tsx";

interface ConsentProps {
  readonly client: ConsentDescription;
  readonly userId: string;
  readonly userName: string;
  readonly offer: Offer;
  readonly handle: string;
  /** The request, to come back to after signing in to a further home. */
  readonly next: string;
  /** The level that the client asks for, if it is more than to see. */
  readonly asks?: Role | undefined;
  /** Why nothing was granted, or signing in to a further home failed. */
  readonly problem?: string | undefined;
  /** What was tried, if it was signing in to a further home. */
  readonly tried?: Tried | undefined;
}

function HomeChoices({ homes }: Pick<Offer, "homes">) {
  const [only] = homes;
  if (homes.length === 1 && only !== undefined) return <input type="hidden" name="homes" value={only.id} />;
  return (
    <fieldset>
      <legend>At which homes?</legend>
      {homes.map(({ id, name, role, chosen }) => (
        <label class="choice">
          <input type="checkbox" name="homes" value={id} checked={chosen} />
          <span>
            <strong>{name}</strong>: you are {role} there
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function LevelChoices({ highest, level, asks }: Pick<Offer, "highest" | "level"> & { asks: Role | undefined }) {
  return (
    <fieldset>
      <legend>What may it do?</legend>
      {asks === undefined ? null : <p class="hint">It asks for “{LEVELS[asks].name}”. You decide.</p>}
      {ROLES.filter((role) => atLeast(highest, role)).map((role) => (
        <label class="choice">
          <input type="radio" name="level" value={role} checked={role === level} />
          <span>
            <strong>{LEVELS[role].name}</strong>: {LEVELS[role].meaning}
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Facts({ client, userName, offer }: Pick<ConsentProps, "client" | "userName" | "offer">) {
  return (
    <dl>
      <dt>Signed in as</dt>
      <dd>
        {userName} ({offer.homes.map(({ name, role }) => `${role} at ${name}`).join(", ")})
      </dd>
      <dt>Client</dt>
      <dd>
        {client.clientName}
        {client.clientDomain === undefined
          ? " – it named itself; nobody has checked that name"
          : ` – published by ${client.clientDomain}`}
        {offer.known ? ". You have allowed it before." : ". You have never allowed it."}
      </dd>
      <dt>Access is sent to</dt>
      <dd>{client.redirectHost}</dd>
    </dl>
  );
}

/** Asks whether, where and how far a client may act for the person who has signed in. */
export function ConsentPage(props: ConsentProps) {
  const { client, userId, userName, offer, handle, next, asks, problem, tried } = props;
  return (
    <Layout title={problem === undefined ? "Allow access" : "Not yet allowed"}>
      <h1>Allow {client.clientName} to act for you?</h1>
      {problem === undefined ? null : (
        <p class="problem" role="alert" id="problem" tabindex={-1} autofocus={tried === undefined}>
          {problem}
        </p>
      )}
      <Facts {...{ client, userName, offer }} />
      {client.redirectIsLoopback ? (
        <p class="note">
          That is a program on the computer you are using. Go on only if you have just started this from it.
        </p>
      ) : null}
      {/* Before the choices: what is chosen below it would be lost by signing in. */}
      <FurtherHome further={offer.further} next={next} tried={tried} />
      <form method="post" action="/authorize">
        <input type="hidden" name="handle" value={handle} />
        <input type="hidden" name="next" value={next} />
        <input type="hidden" name="user" value={userId} />
        <HomeChoices homes={offer.homes} />
        <LevelChoices highest={offer.highest} level={offer.level} asks={asks} />
        <label class="choice">
          <input type="checkbox" name="stay" value="yes" checked={offer.stay} />
          <span>
            <strong>Stay connected</strong> until I end it; otherwise it ends within a day
          </span>
        </label>
        <div class="actions">
          <button class="primary" name="decision" value="allow" type="submit">
            Allow
          </button>
          <button name="decision" value="deny" type="submit">
            Deny
          </button>
        </div>
      </form>
      <p class="hint">
        You can end this at any time on the page of <a href={CONNECTIONS_PATH}>your connections</a>.
      </p>
    </Layout>
  );
}
