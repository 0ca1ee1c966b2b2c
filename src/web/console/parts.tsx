import type { PropsWithChildren } from "hono/jsx";
import type { Freeze } from "../../contract/activity.ts";
import { Moment } from "./format.tsx";
import { ACTIVITY_PATH, HOMES_PATH } from "../next.ts";

/** What several pages show. */

export const homePath = (homeId: string) => `${HOMES_PATH}/${homeId}`;
export const nodePath = (homeId: string, nodeId: number) => `${homePath(homeId)}/nodes/${nodeId}`;
export const pinPath = (homeId: string, gpioId: number) => `${homePath(homeId)}/pins/${gpioId}`;
export const activityPath = (homeId: string) => `${ACTIVITY_PATH}?home=${homeId}`;

/** What a form has done, said on the page that it led to. Only what is written here can be said. */
const DONE: Readonly<Record<string, string>> = {
  broken: "The reservation is broken. If it had a safe level, the pin is driven to it.",
  deleted: "Deleted. What it was stays in its history for a while.",
  kept: "Decided. This is the value now, and the conflict is over.",
  frozen: "Done: all changes are stopped.",
  lifted: "Lifted. Changes can be made again.",
};

export function Done({ done }: { done: string | undefined }) {
  const text = done !== undefined && Object.hasOwn(DONE, done) ? DONE[done] : undefined;
  if (text === undefined) return null;
  return (
    <p class="note" role="status" tabindex={-1} autofocus>
      {text}
    </p>
  );
}

interface FrozenProps {
  readonly freeze: Freeze | null;
  readonly homeId: string;
  /** Whether the reader is on the page where it is lifted. */
  readonly here?: boolean;
}

/** That nothing can be changed at a home, where several are shown. */
export function FrozenNote({ freeze, homeId, here = false }: FrozenProps) {
  if (freeze === null) return null;
  const { at, by, reason } = freeze;
  return (
    <p class="frozen">
      <strong>Frozen</strong> since <Moment at={new Date(at).toISOString()} /> by {by}: “{reason}”. Nothing is changed
      until an admin lifts it{" "}
      {here ? <a href="#freeze">below</a> : <a href={`${homePath(homeId)}#freeze`}>on the home’s page</a>}.
    </p>
  );
}

/** The same on the page of one home; empty otherwise, so that the script can fill it. */
export function Frozen(props: FrozenProps) {
  return (
    <div id="frozen">
      <FrozenNote {...props} />
    </div>
  );
}

/** Where the script says what has changed, and where it is stopped. */
export function LiveBar({ every }: { every: string }) {
  return (
    <div class="live-bar">
      <p id="live-note" class="hint">
        {every}
      </p>
      <button type="button" id="live" class="small" hidden>
        Stop following
      </button>
      <p id="spoken" class="unseen" role="status"></p>
    </div>
  );
}

/** A part of a page that is kept up to date. @param every seconds between two looks */
export function Live({ id, every, children }: PropsWithChildren<{ id: string; every: number }>) {
  return (
    <div id={id} data-part={id} data-every={String(every)}>
      {children}
    </div>
  );
}

/** A short state: its word, with a mark that does not depend on colour alone. */
export function Chip({ tone, children }: PropsWithChildren<{ tone: "good" | "bad" | "plain" }>) {
  return <span class={`chip ${tone}`}>{children}</span>;
}

/** Asks why somebody does what everybody will read of in the activity record. */
export function ReasonField() {
  return (
    <div class="field">
      <label for="reason">Why, for the record</label>
      <input id="reason" name="reason" required minlength={3} maxlength={200} autocomplete="off" />
    </div>
  );
}
