import { failed, untold, worked } from "./breaker.ts";
import type { Known } from "./candidates.ts";
import type { Verdict } from "./judge.ts";

/** When a call was sent, and when it ended, in milliseconds since 1970. */
interface Span {
  readonly sentAt: number;
  readonly endedAt: number;
}

/** Notes what the end of a call tells of its node. */
export function learn(
  { vitals, registered }: Known,
  nodeId: string,
  verdict: Verdict,
  { sentAt, endedAt }: Span,
): void {
  // Most calls work, and then there is nothing to write.
  if (verdict === "works" && vitals.of(nodeId).breaker.failures === 0) return;
  // Of a node that was ended meanwhile, nothing is kept.
  if (registered.node(nodeId) === undefined) return;
  if (verdict === "lies") vitals.trouble(nodeId, "answered what is no result of a tool", endedAt);
  vitals.breaker(nodeId, (breaker) => {
    if (verdict === "works") return worked(breaker);
    return verdict === "nothing" ? untold(breaker) : failed(breaker, endedAt, sentAt);
  });
}
