import type { RpcAnswer, RpcFailure, RpcMessage } from "../federation/wire/frames.ts";

/** A hub that does not answer for this long is not waited for, in milliseconds. */
const ANSWER_MS = 15_000;

/** What a node asks of its hub over one link, beside its hellos. */
export interface Asks {
  /** @throws Error if it is refused, not answered in time, or the link ends */
  request(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** @returns whether it was the answer to something that was asked here */
  answered(answer: RpcAnswer | RpcFailure): boolean;
  /** The link has ended: nothing is answered any more. */
  end(): void;
}

export function createAsks(send: (message: RpcMessage) => void): Asks {
  const waiting = new Map<string, (answer: RpcAnswer | RpcFailure | Error) => void>();
  let count = 0;
  return {
    request: (method, params) =>
      new Promise((resolve, reject) => {
        count += 1;
        const id = `ask-${count}`;
        const settle = (answer: RpcAnswer | RpcFailure | Error) => {
          clearTimeout(timer);
          waiting.delete(id);
          if (answer instanceof Error) reject(answer);
          else if ("result" in answer) resolve(answer.result);
          else reject(new Error(answer.error.message));
        };
        const timer = setTimeout(() => settle(new Error("The hub has not answered in time.")), ANSWER_MS);
        waiting.set(id, settle);
        send({ jsonrpc: "2.0", id, method, params: { ...params } });
      }),
    answered(answer) {
      const settle = waiting.get(String(answer.id));
      settle?.(answer);
      return settle !== undefined;
    },
    end() {
      for (const settle of waiting.values()) settle(new Error("The link has ended."));
    },
  };
}
