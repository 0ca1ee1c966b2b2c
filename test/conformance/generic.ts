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

const WITHOUT_ARGUMENTS = "tool test_input_required_result_elicitation";

/** What each of the other scenarios asks for by name, which only the fixtures have. */
export const NEEDS: Readonly<Record<string, string>> = {
  "completion-complete": "prompt test_prompt_with_arguments",
  "elicitation-sep1034-defaults": "tool test_elicitation_sep1034_defaults",
  "elicitation-sep1330-enums": "tool test_elicitation_sep1330_enums",
  "http-custom-header-server-validation": "a tool that marks an argument with x-mcp-header",
  "input-required-result-basic-elicitation": WITHOUT_ARGUMENTS,
  "input-required-result-basic-list-roots": "tool test_input_required_result_list_roots",
  "input-required-result-basic-sampling": "tool test_input_required_result_sampling",
  "input-required-result-capability-check": "tool test_input_required_result_capabilities",
  "input-required-result-ignore-extra-params": WITHOUT_ARGUMENTS,
  "input-required-result-missing-input-response": WITHOUT_ARGUMENTS,
  "input-required-result-multi-round": "tool test_input_required_result_multi_round",
  "input-required-result-multiple-input-requests": "tool test_input_required_result_multiple_inputs",
  "input-required-result-non-tool-request": "prompt test_input_required_result_prompt",
  "input-required-result-request-state": "tool test_input_required_result_request_state",
  "input-required-result-result-type": WITHOUT_ARGUMENTS,
  "input-required-result-tampered-state": "tool test_input_required_result_tampered_state",
  "input-required-result-validate-input": WITHOUT_ARGUMENTS,
  "json-schema-2020-12": "tool json_schema_2020_12_tool",
  "logging-set-level": "log messages, which no tool of PiMCP sends",
  "prompts-get-embedded-resource": "prompt test_prompt_with_embedded_resource",
  "prompts-get-simple": "prompt test_simple_prompt",
  "prompts-get-with-args": "prompt test_prompt_with_arguments",
  "prompts-get-with-image": "prompt test_prompt_with_image",
  "resources-read-binary": "resource test://static-binary",
  "resources-read-text": "resource test://static-text",
  "resources-subscribe": "resource test://watched-resource; PiMCP offers subscriptions from 2026-07-28 on",
  "resources-templates-read": "resource test://template/{id}/data",
  "resources-unsubscribe": "resource test://watched-resource; PiMCP offers subscriptions from 2026-07-28 on",
  "server-sse-polling": "tool test_reconnection",
  "tools-call-audio": "tool test_audio_content",
  "tools-call-elicitation": "tool test_elicitation",
  "tools-call-embedded-resource": "tool test_embedded_resource",
  "tools-call-error": "tool test_error_handling",
  "tools-call-image": "tool test_image_content",
  "tools-call-mixed-content": "tool test_multiple_content_types",
  "tools-call-sampling": "tool test_sampling",
  "tools-call-simple-text": "tool test_simple_text",
  "tools-call-with-logging": "tool test_tool_with_logging",
  "tools-call-with-progress": "tool test_tool_with_progress",
};

const inStateless = (check: string, tool: string): Expected => ({
  scenario: "server-stateless",
  check: `sep-2575-${check}`,
  reason: `needs tool ${tool}`,
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
  const listed = [...GENERIC, ...Object.keys(NEEDS)];
  return {
    unsorted: names.filter((name) => !listed.includes(name)),
    gone: listed.filter((name) => !names.includes(name)),
  };
}
