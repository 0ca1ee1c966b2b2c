import type { Aim, Proof } from "../../scripts/support/proof.ts";
import { GENERIC, NEEDS, type Sorting } from "./generic.ts";
import { type Era, INSPECTOR, type Lint } from "./inspector.ts";
import { SPEC_VERSIONS, type SpecVersion, suiteVersion } from "./suite.ts";
import { type Expected, isGood, type Verdict } from "./verdict.ts";

/** The suite's three kinds of runs. */
export const RUNS = {
  fixtures: "the suite's fixtures",
  catalogue: "the real catalogue",
  authorization: "the authorization server",
} as const;

/** Everything that the command found out. */
export interface Found {
  readonly suite: Readonly<Record<keyof typeof RUNS, Readonly<Record<SpecVersion, Verdict>>>>;
  readonly sorting: Sorting;
  readonly inspector: Readonly<Record<Era, Lint>>;
  /** What the Inspector says of a bad schema. */
  readonly control: Lint;
}

const KINDS = ["fixtures", "catalogue", "authorization"] as const satisfies readonly (keyof typeof RUNS)[];

const runsOf = ({ suite }: Found) =>
  KINDS.flatMap((kind) => SPEC_VERSIONS.map((version) => ({ kind, version, verdict: suite[kind][version] })));

function suiteAim({ kind, version, verdict }: ReturnType<typeof runsOf>[number]): Aim {
  const { scenarios, passed, failed, expected } = verdict;
  const ran = `${scenarios} scenarios: ${passed} checks passed`;
  const what = `${RUNS[kind]}, ${version}`;
  if (kind !== "catalogue") {
    const aim = expected.length === 0 ? "nothing fails" : `nothing fails but the ${expected.length} checks below`;
    return { what, aim, measured: `${ran}, ${failed} failed`, met: isGood(verdict) };
  }
  const untried = expected.length === 0 ? "" : `, ${expected.length} need a fixture`;
  const measured = `${ran}, ${failed - expected.length} failed${untried}`;
  return { what, aim: "nothing fails", measured, met: isGood(verdict) };
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? "" : "s"}`;

const lintText = ({ tools, errors, warnings }: Lint) =>
  `${counted(tools, "tool")}: ${counted(errors, "error")}, ${counted(warnings.input + warnings.output, "warning")}`;

function aimsOf(found: Found): readonly Aim[] {
  const { sorting, inspector, control } = found;
  const eras = { legacy: "2025-11-25", modern: "2026-07-28" } as const;
  const inspected = (["modern", "legacy"] as const).map((era) => ({
    what: `the Inspector, \`--strict\`, ${eras[era]}`,
    aim: "no errors",
    measured: lintText(inspector[era]),
    met: inspector[era].errors === 0 && inspector[era].exitCode === 0 && inspector[era].tools > 0,
  }));
  const unknown = [...sorting.unsorted, ...sorting.gone];
  return [
    ...runsOf(found).map((run) => suiteAim(run)),
    {
      what: "scenarios of which it is not said whether they need a fixture",
      aim: "none",
      measured: unknown.length === 0 ? "none" : unknown.join(", "),
      met: unknown.length === 0,
    },
    ...inspected,
    {
      what: "the Inspector, `--strict`, on a bad schema",
      aim: "it fails",
      measured: lintText(control),
      met: control.errors > 0 && control.exitCode !== 0,
    },
  ];
}

const listed = (lines: readonly string[]) => lines.map((line) => `- ${line}`).join("\n");

/** What is the same for several entries is said once. */
function byReason(entries: readonly Expected[]): string {
  const reasons = [...new Set(entries.map(({ reason }) => reason))];
  return listed(
    reasons.map((reason) => {
      const named = entries.filter((entry) => entry.reason === reason);
      return `${named.map(({ scenario, check }) => `\`${scenario}:${check}\``).join(", ")}: ${reason}`;
    }),
  );
}

/** The longest message that is told, in characters. */
const MAX_MESSAGE = 300;

const brief = (message: string) => message.replaceAll(/\s+/g, " ").slice(0, MAX_MESSAGE);

/** What has to be looked at, if anything. */
function troubles(found: Found): string {
  const lines = runsOf(found).flatMap(({ kind, version, verdict }) => [
    ...verdict.unexpected.map(
      ({ scenario, check, message }) => `${RUNS[kind]}, ${version}: \`${scenario}:${check}\` fails: ${brief(message)}`,
    ),
    ...verdict.stale.map(
      ({ scenario, check }) =>
        `${RUNS[kind]}, ${version}: \`${scenario}:${check}\` is expected to fail, and does not: take it out`,
    ),
  ]);
  return lines.length === 0 ? "" : `Not as expected:\n\n${listed(lines)}`;
}

const code = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(", ");

function detailsOf(found: Found): string {
  const { fixtures, catalogue } = found.suite;
  const { warnings } = found.inspector.modern;
  const failing = SPEC_VERSIONS.flatMap((version) => fixtures[version].expected);
  const untried = SPEC_VERSIONS.flatMap((version) => catalogue[version].expected);
  return [
    troubles(found),
    `The suite is \`@modelcontextprotocol/conformance\` ${suiteVersion()}, with all its scenarios for each revision. A warning of it counts as a failure.`,
    "**The suite's fixtures** are tools, resources and prompts with names that it knows. An entry for tests alone puts them in the place of the catalogue, on the gateway's own way: Worker, sign-in, session object, handler. They measure that way, not our tools. Scenarios of extensions that PiMCP does not offer (tasks, skills) belong to no revision, and are not among them.",
    failing.length === 0 ? "" : `What fails with clients of 2025-11-25, as expected:\n\n${byReason(failing)}`,
    `**The real catalogue** is asked through a proxy that adds a token. Counted are the scenarios that need nothing but the protocol: ${code(GENERIC)}. Not counted are those that ask for`,
    listed(Object.entries(NEEDS).map(([what, scenarios]) => `${what}: ${code(scenarios)}`)),
    untried.length === 0
      ? ""
      : `and, of the others, single checks that ask for a tool of the suite:\n\n${byReason(untried)}`,
    "At **the authorization server** a person goes through the real pages of sign-in and consent.",
    `**The Inspector** is version ${INSPECTOR}. Its warnings are about JSON Schema that not every AI client can read, such as a value that may be null: ${warnings.input} in what tools take, ${warnings.output} in what they answer.`,
  ]
    .filter((text) => text !== "")
    .join("\n\n");
}

/** What is published of it. */
export const proofOf = (found: Found): Proof => ({
  part: "conformance",
  options: "",
  aims: aimsOf(found),
  details: detailsOf(found),
  results: found,
});
