import type { SpecVersion } from "./suite.ts";
import type { Expected } from "./verdict.ts";

/** Scenarios that ask nothing of a server but the protocol, so that they can be run against the real catalogue. */
export const GENERIC: readonly string[] = [
  "caching",
  "dns-rebinding-protection",
  "http-header-validation",
  "input-required-result-unsupported-methods",
  "ping",
  "prompts-list",
  "resources-list",
  "sep-2164-resource-not-found",
  "server-initialize",
  "server-session-lifecycle",
  "server-sse-multiple-streams",
  "server-stateless",
  "tools-list",
];

/** What the other scenarios ask for, which only the fixtures have. */
export const NEEDS: Readonly<Record<string, readonly string[]>> = {
  "a tool of the suite": [
    "elicitation-sep1034-defaults",
    "elicitation-sep1330-enums",
    "input-required-result-basic-elicitation",
    "input-required-result-basic-list-roots",
    "input-required-result-basic-sampling",
    "input-required-result-capability-check",
    "input-required-result-ignore-extra-params",
    "input-required-result-missing-input-response",
    "input-required-result-multi-round",
    "input-required-result-multiple-input-requests",
    "input-required-result-request-state",
    "input-required-result-result-type",
    "input-required-result-tampered-state",
    "input-required-result-validate-input",
    "json-schema-2020-12",
    "server-sse-polling",
    "tools-call-audio",
    "tools-call-elicitation",
    "tools-call-embedded-resource",
    "tools-call-error",
    "tools-call-image",
    "tools-call-mixed-content",
    "tools-call-sampling",
    "tools-call-simple-text",
    "tools-call-with-logging",
    "tools-call-with-progress",
  ],
  "a prompt of the suite": [
    "completion-complete",
    "input-required-result-non-tool-request",
    "prompts-get-embedded-resource",
    "prompts-get-simple",
    "prompts-get-with-args",
    "prompts-get-with-image",
  ],
  "a resource of the suite": ["resources-read-binary", "resources-read-text", "resources-templates-read"],
  "an argument that its client repeats in a header, which no tool of PiMCP has": [
    "http-custom-header-server-validation",
  ],
  "log messages, which PiMCP does not send": ["logging-set-level"],
  "`resources/subscribe`, for which PiMCP has `subscriptions/listen` of 2026-07-28 alone": [
    "resources-subscribe",
    "resources-unsubscribe",
  ],
};

const inStateless = (check: string, tool: string): Expected => ({
  scenario: "server-stateless",
  check: `sep-2575-${check}`,
  reason: `\`${tool}\``,
});

/** Checks of generic scenarios that need a fixture for themselves; they are made against the fixtures. */
export const UNTRIED: Readonly<Record<SpecVersion, readonly Expected[]>> = {
  "2026-07-28": [
    inStateless("server-rejects-undeclared-capability", "test_missing_capability"),
    inStateless("missing-capability-http-400", "test_missing_capability"),
    inStateless("http-server-no-independent-requests-on-stream", "test_streaming_elicitation"),
    inStateless("server-no-log-without-loglevel", "test_logging_tool"),
    inStateless("server-sends-tools-list-changed-on-subscription", "test_trigger_tool_change"),
  ],
  "2025-11-25": [],
};

/** How far a list of scenarios is sorted into generic ones and others. */
export interface Sorting {
  /** Run, and in neither list, as after an update of the suite. */
  readonly unsorted: readonly string[];
  /** In a list, and never run. */
  readonly gone: readonly string[];
}

/** @param names of the scenarios of all versions, as the suite ran them */
export function sortingOf(names: readonly string[]): Sorting {
  const listed = [...GENERIC, ...Object.values(NEEDS).flat()];
  return {
    unsorted: names.filter((name) => !listed.includes(name)),
    gone: listed.filter((name) => !names.includes(name)),
  };
}
