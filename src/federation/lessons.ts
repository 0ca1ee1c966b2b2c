import { failed, untold, worked } from "./breaker.ts";
import type { Known } from "./candidates.ts";
import type { Verdict } from "./judge.ts";

/** Notes what the end of a call tells of its node. @param now in milliseconds since 1970 */
export function learn({ vitals, registered }: Known, nodeId: string, verdict: Verdict, now: number): void {
  // Most calls work, and then there is nothing to write.
  if (verdict === "works" && vitals.of(nodeId).breaker.failures === 0) return;
  // Of a node that was ended meanwhile, nothing is kept.
  if (registered.node(nodeId) === undefined) return;
  if (verdict === "lies") vitals.trouble(nodeId, "answered what is no result of a tool", now);
  vitals.breaker(nodeId, (breaker) => {
    if (verdict === "works") return worked(breaker);
    return verdict === "nothing" ? untold(breaker) : failed(breaker, now);
  });
}
