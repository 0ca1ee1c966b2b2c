import type { AnyPrompt } from "./prompt.ts";
import type { AnyResource } from "./resource.ts";
import type { AnyTool } from "./tool.ts";
import type { View } from "./view.ts";

/** Everything that is offered, in the order in which it is listed. */
export interface Catalogue {
  readonly tools: readonly AnyTool[];
  readonly resources: readonly AnyResource[];
  readonly prompts: readonly AnyPrompt[];
  /** Those that tools name; none, if it is absent. */
  readonly views?: readonly View[];
}
