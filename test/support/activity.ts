import { activityPort } from "../../src/activity/port.ts";
import type { ActivityRecord, Activity, Attempt, Freeze } from "../../src/contract/activity.ts";
import type { Caller } from "../../src/contract/caller.ts";

/** An activity record in memory: what is entered can be looked at in `entered`. */
export function recordInMemory(caller: Caller, home: string): ActivityRecord & { readonly entered: Activity[] } {
  const entered: Activity[] = [];
  const open = new Map<number, Attempt>();
  let frozen: Freeze | null = null;
  const port = activityPort(
    {
      begin(attempt, evenFrozen) {
        if (frozen !== null && !evenFrozen) return Promise.resolve({ frozen });
        const id = open.size + entered.length + 1;
        open.set(id, attempt);
        return Promise.resolve({ id });
      },
      finish(id, ending) {
        const attempt = open.get(id);
        open.delete(id);
        if (attempt !== undefined) entered.push({ ...attempt, ...ending });
        return Promise.resolve();
      },
      record(activity) {
        entered.push(activity);
        return Promise.resolve();
      },
      activities: ({ limit }) =>
        Promise.resolve(
          entered
            .map((each, index) => ({ ...each, seq: index + 1, at: 0, hash: "" }))
            .toReversed()
            .slice(0, limit),
        ),
      frozen: () => Promise.resolve(frozen),
      freeze(by, reason) {
        frozen ??= { at: Date.now(), by, reason };
        return Promise.resolve(frozen);
      },
    },
    caller,
    home,
  );
  return { ...port, entered };
}
