import type { Child } from "hono/jsx";
import {
  type Difference,
  type OwnedCapability,
  type Setting,
  type Switch,
  SWITCHES,
} from "../contract/node-register.ts";
import { UNDECIDED, type Use, useOf, USES } from "./node-forms.ts";

/** How one capability looks to its owner. Texts of a node stand in quotation marks: they are its own words. */

const WHO: Readonly<Record<Switch, string>> = {
  off: "Nobody: it is off",
  viewer: "Everybody here",
  operator: "Operators and admins",
  admin: "Admins only",
};

const HOW: Readonly<Record<Use, string>> = {
  reads: "It only reads. If a node fails, another one is asked.",
  changes: "It changes something. It is sent once, and nobody is asked.",
  asks: "A person is asked before each call.",
};

const STATES: Readonly<Record<OwnedCapability["state"], string>> = {
  on: "on",
  off: "off",
  quarantined: "held back: it has changed",
  refused: "refused",
};

/** What a node has written. */
export const Words = ({ children }: { children?: Child }) => (
  <q>
    <bdi>{children}</bdi>
  </q>
);

/** What has changed, field by field. */
export function Differences({ differences }: { differences: readonly Difference[] }) {
  if (differences.length === 0) return null;
  return (
    <dl>
      {differences.map(({ field, was, is, note }) => (
        <>
          <dt>{field}</dt>
          <dd>
            {was === null ? "was not there" : <>was {<Words>{was}</Words>}</>},{" "}
            {is === null ? "is not there any more" : <>is now {<Words>{is}</Words>}</>}
            {note === null ? null : <> ({note})</>}
          </dd>
        </>
      ))}
    </dl>
  );
}

/** What a capability is, in the node's words, and why it wants care, in ours. */
export function Description({ capability }: { capability: OwnedCapability }) {
  const { title, description, input, tool, dangers, heavy, problem, state } = capability;
  return (
    <>
      {problem === null || state === "quarantined" ? null : <p class="problem">{problem}</p>}
      {title === "" ? null : (
        <p class="words">
          <Words>{title}</Words>: <Words>{description}</Words>
        </p>
      )}
      {dangers.length === 0 || state === "refused" ? null : (
        <p class="danger">
          <strong>Careful.</strong> {dangers.join(" ")}
        </p>
      )}
      {heavy ? <p class="hint">Heavy: it runs as an operation, best on a node elsewhere.</p> : null}
      {tool === null ? null : <p class="hint">{`As a tool: ${tool}`}</p>}
      {input === "" ? null : (
        <details>
          <summary>Its arguments</summary>
          <pre>{input}</pre>
        </details>
      )}
    </>
  );
}

function suggestion({ role, ...rest }: Setting): string {
  return `${WHO[role]}. ${HOW[useOf({ role, ...rest })]}`;
}

interface ChoiceProps {
  readonly capability: OwnedCapability;
  readonly number: number;
  readonly id: string;
}

/** Who may use a capability, and how. What the node's words suggest is told, and not chosen. */
export function Choices({ capability, number, id }: ChoiceProps) {
  const { name, hash, setting, suggested } = capability;
  if (hash === null) return null;
  const chosen = setting ?? UNDECIDED;
  return (
    <fieldset>
      <legend>{name}</legend>
      <input type="hidden" name={`name.${number}`} value={name} />
      <input type="hidden" name={`hash.${number}`} value={hash} />
      <div class="field">
        <label for={`${id}-role`}>Who may use it</label>
        <select id={`${id}-role`} name={`role.${number}`} aria-describedby={`${id}-hint`}>
          {SWITCHES.map((role) => (
            <option value={role} selected={role === chosen.role}>
              {WHO[role]}
            </option>
          ))}
        </select>
      </div>
      {USES.map((use) => (
        <label class="choice">
          <input type="radio" name={`use.${number}`} value={use} checked={use === useOf(chosen)} />
          {HOW[use]}
        </label>
      ))}
      <p class="hint" id={`${id}-hint`}>
        {`By its own words, this would fit: ${suggestion(suggested)}`}
      </p>
    </fieldset>
  );
}

/** Where a capability stands, in words. */
export const stateOf = ({ state, setting }: OwnedCapability) =>
  state === "on" && setting !== null ? `on for: ${WHO[setting.role].toLowerCase()}` : STATES[state];
