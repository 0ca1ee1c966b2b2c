import { describe, expect, test } from "vitest";
import type { Caller } from "../../src/contract/caller.ts";
import type { OperationState, Step } from "../../src/contract/operation.ts";
import { outcomeOf } from "../../src/operations/failures.ts";
import { operationsPort, type StartOutcome } from "../../src/operations/port.ts";
import { Fault } from "../../src/lib/errors.ts";

const CALLER: Caller = {
  userId: "home.1",
  userName: "admin",
  clientId: "client",
  connectionId: "11111111-1111-4111-8111-111111111111",
  homes: { home: { role: "admin", login: "service" } },
};

const STEP: Step = { kind: "deprovision_node", node_id: 4, ssh_config: { username: "pi" } };

const state = (operation_id: string): OperationState => ({
  operation_id,
  kind: "deprovision_node",
  phase: "running",
  steps: [],
  started_at: "2026-11-21T18:00:00.000Z",
  ended_at: null,
  next: "wait",
  version: 1,
});

/** Operations whose object is reset the first time, before or after it has written down what to do. */
function portWith(isWritten: boolean) {
  const started: string[] = [];
  let resets = 1;
  const namespace = {
    getByName: () => ({
      start({ operationId }: { operationId: string }): Promise<StartOutcome> {
        const exists = started.includes(operationId);
        if (!exists && (resets === 0 || isWritten)) started.push(operationId);
        if (resets > 0) {
          resets -= 1;
          return Promise.reject(new Error("reset"));
        }
        if (exists) return Promise.resolve({ started: false, refusal: "exists" });
        return Promise.resolve({ started: true, state: state(operationId) });
      },
      watch: () => Promise.resolve({ found: true as const, state: state(started[0] ?? "none") }),
      progress: () => Promise.resolve("none" as const),
    }),
  };
  const register = { claim: () => Promise.resolve([]) };
  const port = operationsPort(namespace, register, CALLER, { id: "home", name: "Home" });
  return { started, port };
}

describe("an operation whose object is reset while it is started", () => {
  test.each([true, false])("is started once, and found by its caller (written down before: %s)", async (isWritten) => {
    const { started, port } = portWith(isWritten);
    const { operation_id } = await port.start([STEP]);
    expect(started).toStrictEqual([operation_id]);
  });
});

test("a home that could not be asked for an outcome does not deny it", () => {
  const lost = new Fault(
    "connection_failed",
    'Cannot connect to the pi-controller of home "Home". Nothing was changed.',
  );
  expect(outcomeOf(lost).message).toBe(
    'The home could not be asked how it ended: Cannot connect to the pi-controller of home "Home".',
  );
});
