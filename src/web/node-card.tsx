import type { Child } from "hono/jsx";
import type { EndedNode, OwnedNode, Overview } from "../contract/node-register.ts";
import { Choices, Description, Differences, stateOf, Words } from "./capability-parts.tsx";
import { NODES_PATH } from "./next.ts";

/** How one home's nodes look to its owner. */

const SITES = { edge: "in the house (edge)", cloud: "elsewhere (cloud)" };

/** "2026-11-20 18:05 UTC": without a script, nobody knows the reader's time zone. */
const minuteOf = (at: string) => <time datetime={at}>{`${at.slice(0, 10)} ${at.slice(11, 16)} UTC`}</time>;

interface About {
  readonly home: string;
  readonly user: string;
}

interface ActProps extends About {
  readonly act: string;
  readonly node?: string;
  readonly children?: Child;
}

/** A form of the page, with what it is about. */
export function ActForm({ act, home, user, node, children }: ActProps) {
  return (
    <form method="post" action={NODES_PATH}>
      <input type="hidden" name="act" value={act} />
      <input type="hidden" name="home" value={home} />
      <input type="hidden" name="user" value={user} />
      {node === undefined ? null : <input type="hidden" name="node" value={node} />}
      {children}
    </form>
  );
}

interface NodeProps extends About {
  readonly node: OwnedNode;
}

/** The switches of an adopted node, in one form; what has changed is in forms of its own below. */
function Switches({ node, home, user }: NodeProps) {
  const { capabilities } = node;
  if (capabilities.length === 0) return <p>It offers nothing{node.known ? "" : " yet: it has not connected"}.</p>;
  const held = capabilities.filter(({ state }) => state === "quarantined");
  return (
    <>
      {held.map((capability) => (
        <ActForm act="set" {...{ home, user }} node={node.id}>
          <h4>{`${capability.name} has changed`}</h4>
          <p>It is off until you decide. What you agreed to differs from what the node offers now:</p>
          <Differences differences={capability.differences} />
          <Description capability={capability} />
          <Choices capability={capability} number={0} id={`${node.id}-held-${capability.name}`} />
          <button type="submit">{`Accept the change of ${capability.name}`}</button>
        </ActForm>
      ))}
      <ActForm act="set" {...{ home, user }} node={node.id}>
        {capabilities.map((capability, number) =>
          capability.state === "quarantined" ? null : (
            <details class="capability">
              <summary>{`${capability.name}: ${stateOf(capability)}`}</summary>
              <Description capability={capability} />
              <Choices capability={capability} number={number} id={`${node.id}-${number}`} />
            </details>
          ),
        )}
        <p>
          <button type="submit">{`Save the switches of ${node.name}`}</button>
        </p>
      </ActForm>
    </>
  );
}

function presence({ online, since, known }: OwnedNode): Child {
  if (online) return <>online{since === null ? "" : <> since {minuteOf(since)}</>}</>;
  if (since !== null) return <>offline since {minuteOf(since)}</>;
  return known ? "offline" : "has not connected yet";
}

function Facts({ node }: { node: OwnedNode }) {
  const { id, site, code, agent, certificate, asked_at, adopted_at, adopted_by } = node;
  return (
    <dl>
      {code === null ? null : (
        <>
          <dt>Code</dt>
          <dd>
            <strong class="code">{code}</strong>
          </dd>
        </>
      )}
      <dt>State</dt>
      <dd>{presence(node)}</dd>
      <dt>Place</dt>
      <dd>{`It says: ${SITES[site]}`}</dd>
      <dt>Key</dt>
      <dd>
        <code>{id}</code>
      </dd>
      {certificate === null ? null : (
        <>
          <dt>Certificate</dt>
          <dd>
            <code>{certificate}</code>
          </dd>
        </>
      )}
      {agent === null ? null : (
        <>
          <dt>Program</dt>
          <dd>
            <Words>{agent}</Words>
          </dd>
        </>
      )}
      <dt>{adopted_at === null ? "Asked" : "Adopted"}</dt>
      <dd>
        {minuteOf(adopted_at ?? asked_at)}
        {adopted_by === null ? "" : ` by ${adopted_by}`}
      </dd>
    </dl>
  );
}

/** What no switch turns off. */
function Notes({ site, when }: Pick<OwnedNode, "site"> & { when: string }) {
  const house =
    site === "edge"
      ? "It says that it is in the house, which nobody has checked: so it also gets the notes that are for the house alone."
      : "It says that it is elsewhere: so it does not get the notes that are for the house alone.";
  return <p>{`${when} it can read and write this home’s shared notes, whatever you switch on or off. ${house}`}</p>;
}

/** A node that waits. */
function PendingCard({ node, home, user }: NodeProps) {
  const { id, name, capabilities } = node;
  return (
    <section class="card">
      <h3>{`${name} waits for you`}</h3>
      <p>
        Compare the code with the one that the node’s own terminal shows. If it differs, or you do not know this node,
        refuse it.
      </p>
      <Facts node={node} />
      {capabilities.length === 0 ? (
        <p>It has not said yet what it offers.</p>
      ) : (
        <p>It offers, all of it off at first:</p>
      )}
      {capabilities.map((capability) => (
        <details class="capability">
          <summary>{`${capability.name}${capability.dangers.length > 0 ? ": careful" : ""}`}</summary>
          <Description capability={capability} />
        </details>
      ))}
      <Notes site={node.site} when="As soon as you adopt it," />
      <div class="actions">
        <ActForm act="adopt" {...{ home, user }} node={id}>
          <button type="submit">{`Adopt ${name}`}</button>
        </ActForm>
        <ActForm act="end" {...{ home, user }} node={id}>
          <button type="submit">{`Refuse ${name}`}</button>
        </ActForm>
      </div>
    </section>
  );
}

function AdoptedCard({ node, home, user }: NodeProps) {
  return (
    <section class="card">
      <h3>{node.name}</h3>
      <Facts node={node} />
      <Notes site={node.site} when="As an adopted node" />
      <Switches {...{ node, home, user }} />
      <details class="ending">
        <summary>{`End ${node.name}`}</summary>
        <p>It is cut off at once, with what it works on, and its key is not let in again.</p>
        <ActForm act="end" {...{ home, user }} node={node.id}>
          <button type="submit">{`End ${node.name} for good`}</button>
        </ActForm>
      </details>
    </section>
  );
}

function Ended({ ended, home, user }: About & { ended: readonly EndedNode[] }) {
  if (ended.length === 0) return null;
  return (
    <details class="further">
      <summary>Refused and ended keys ({ended.length})</summary>
      {ended.map(({ id, name, at, by }) => (
        <ActForm act="forgive" {...{ home, user }} node={id}>
          <p>
            {name}, by {by}, {minuteOf(at)}: <code>{id}</code>
          </p>
          <button type="submit">{`Let ${name} ask again`}</button>
        </ActForm>
      ))}
    </details>
  );
}

/** The nodes of one home. */
export function NodesOf({ nodes, ended, home, user }: Overview & About) {
  const waiting = nodes.filter(({ state }) => state === "pending");
  const adopted = nodes.filter(({ state }) => state === "adopted");
  return (
    <>
      {waiting.map((node) => (
        <PendingCard {...{ node, home, user }} />
      ))}
      {adopted.map((node) => (
        <AdoptedCard {...{ node, home, user }} />
      ))}
      <Ended {...{ ended, home, user }} />
    </>
  );
}
