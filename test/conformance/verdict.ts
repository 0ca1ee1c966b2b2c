import type { Check, Scenario } from "./results.ts";

/** One check that does not pass, and why that is so. */
export interface Expected {
  readonly scenario: string;
  readonly check: string;
  readonly reason: string;
}

/** A check that did not pass, though nobody expected it. */
export interface Unexpected {
  readonly scenario: string;
  readonly check: string;
  readonly message: string;
}

/** What came of one run. */
export interface Verdict {
  readonly scenarios: number;
  /** Checks by what became of them; `failed` are all that did not pass, expected or not. */
  readonly passed: number;
  readonly failed: number;
  readonly unexpected: readonly Unexpected[];
  /** Expected, and so it was. */
  readonly expected: readonly Expected[];
  /** Expected, but nothing failed there: to be taken out. */
  readonly stale: readonly Expected[];
}

/** A warning says that a SHOULD is not met: it counts like a failure, as the suite itself has it. */
const hasFailed = ({ status }: Check) => status === "FAILURE" || status === "WARNING";

const isFor =
  (scenario: string, { id }: Check) =>
  (entry: Expected) =>
    entry.scenario === scenario && entry.check === id;

const isDecided = (check: Check) => check.status === "SUCCESS" || hasFailed(check);

/** Stands for a scenario that has decided nothing. */
const NOTHING: Check = { id: "nothing-checked", status: "FAILURE", errorMessage: "Nothing was checked." };

/** Holds what the suite saw against what is expected. A scenario that has decided nothing has not passed. */
export function judge(results: readonly Scenario[], entries: readonly Expected[]): Verdict {
  const checks = results.flatMap(({ name, checks: seen }) =>
    (seen.some(isDecided) ? seen : [...seen, NOTHING]).map((check) => ({ scenario: name, check })),
  );
  const failed = checks.filter(({ check }) => hasFailed(check));
  const used = new Set(failed.flatMap(({ scenario, check }) => entries.filter(isFor(scenario, check))));
  return {
    scenarios: results.length,
    passed: checks.filter(({ check }) => check.status === "SUCCESS").length,
    failed: failed.length,
    unexpected: failed
      .filter(({ scenario, check }) => !entries.some(isFor(scenario, check)))
      .map(({ scenario, check }) => ({ scenario, check: check.id, message: check.errorMessage ?? "failed" })),
    expected: entries.filter((entry) => used.has(entry)),
    stale: entries.filter((entry) => !used.has(entry)),
  };
}

/** Whether everything went as expected. */
export const isGood = ({ unexpected, stale }: Verdict): boolean => unexpected.length === 0 && stale.length === 0;
