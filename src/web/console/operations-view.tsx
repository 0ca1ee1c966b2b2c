import type { ListedOperation } from "../../contract/operation.ts";
import { Moment } from "./format.tsx";
import { Chip } from "./parts.tsx";

const KINDS: Readonly<Record<ListedOperation["kind"], string>> = {
  provision_cluster: "Install K3s on a cluster",
  scale_cluster: "Scale a cluster",
  provision_node: "Install K3s on nodes",
  deprovision_node: "Remove K3s from nodes",
  node_job: "Job of a node",
};

type StepPhase = ListedOperation["steps"][number]["phase"];

const PHASES: Readonly<Record<ListedOperation["phase"], readonly [tone: "good" | "bad" | "plain", word: string]>> = {
  running: ["plain", "Running"],
  done: ["good", "Done"],
  failed: ["bad", "Failed"],
  partly_failed: ["bad", "Partly failed"],
  unknown: ["bad", "Outcome unknown"],
  cancelled: ["plain", "Cancelled"],
};

const STEPS: Readonly<Record<StepPhase, string>> = {
  waiting: "waits",
  running: "under way",
  watching: "cut off; the home is asked how it ended",
  done: "done",
  failed: "failed",
  unknown: "outcome unknown",
  cancelled: "cancelled",
};

const OVER: ReadonlySet<StepPhase> = new Set(["done", "failed", "unknown", "cancelled"]);

function OperationRow({ operation }: { operation: ListedOperation }) {
  const { operation_id, kind, phase, steps, started_at, ended_at } = operation;
  const [tone, word] = PHASES[phase];
  const over = steps.filter((step) => OVER.has(step.phase)).length;
  return (
    <li>
      <div>
        <h3 id={`operation-${operation_id}`} data-say={`${KINDS[kind]}: ${word}, ${over} of ${steps.length}`}>
          {KINDS[kind]}
        </h3>
        <p>
          <Chip tone={tone}>{word}</Chip> {over} of {steps.length} {steps.length === 1 ? "step" : "steps"} over, begun{" "}
          <Moment at={started_at} />
          {ended_at === null ? null : (
            <>
              , ended <Moment at={ended_at} />
            </>
          )}
        </p>
        <progress value={over} max={Math.max(1, steps.length)} aria-labelledby={`operation-${operation_id}`}></progress>
        <ul class="steps">
          {steps.map((step) => (
            <li>
              {step.subject}: {STEPS[step.phase]}
              {step.message === null ? "" : `. ${step.message}`}
            </li>
          ))}
        </ul>
      </div>
    </li>
  );
}

/** What takes longer than a request, with how far it is. */
export function OperationList({ operations }: { operations: readonly ListedOperation[] }) {
  if (operations.length === 0) return <p class="hint">None in the last week that you may see.</p>;
  return (
    <ul class="rows">
      {operations.map((operation) => (
        <OperationRow operation={operation} />
      ))}
    </ul>
  );
}
