import { DurableObject } from "cloudflare:workers";
import type { Waiting } from "../contract/operation.ts";
import type { Progress } from "./claim.ts";
import { OperationKeeper, type OperationParts } from "./operation-keeper.ts";
import type { StartOutcome, StartRequest, WatchOutcome, WatchRequest } from "./port.ts";

/**
 * One operation: holds the requests of its steps to the home, which take minutes; one object per home and
 * operation (see `port.ts`).
 *
 * State:  `record`, the steps and how far each is, without secrets; `login`, the caller sealed, until the operation
 *         ends; `step:<n>`, the step sealed with its SSH password or join token, until its request is sent.
 *         A step is recorded as running before its request is sent. One that is found running, but not by this
 *         instance, was cut off: it is never sent again, and the home is asked how it ended.
 * Alarm:  at once after the start: sends the requests and holds them, at most 14 minutes; then whenever an outcome is
 *         to be looked for; a while after the last one began, should this instance die; a week after the end:
 *         deletes everything.
 * Errors: a refusal is a returned value; what happens to a step is in its message.
 */
export class OperationObject extends DurableObject<Env> {
  readonly #operation: OperationKeeper;

  constructor(ctx: DurableObjectState, env: Env, parts: OperationParts) {
    super(ctx, env);
    this.#operation = new OperationKeeper(ctx.storage, parts);
  }

  start(request: StartRequest, waiting?: Waiting): Promise<StartOutcome> {
    return this.#operation.start(request, waiting);
  }

  watch(request: WatchRequest): Promise<WatchOutcome> {
    return this.#operation.watch(request);
  }

  progress(): Progress {
    return this.#operation.progress();
  }

  override alarm(): Promise<void> {
    return this.#operation.alarm();
  }
}
