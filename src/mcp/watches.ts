import type { Context } from "../contract/context.ts";
import type { AnyResource, Change, Past, Picture } from "../contract/resource.ts";

/** How many changes of one resource are kept. */
const KEPT = 100;
/** How many resources are remembered; the one that nobody looked at for longest is forgotten first. */
const MAX_WATCHED = 32;

interface Watched {
  readonly since: string;
  picture: Picture | undefined;
  changes: Past["changes"];
  /** How many changes there were in all: rises with each. */
  total: number;
  /** The look that is under way: two at once could put an older picture after a newer one. */
  looking: Promise<void> | undefined;
}

type Watchable = Pick<AnyResource, "watch">;

const stamped = (changes: readonly Change[], at: string) => changes.map((change) => ({ at, ...change }));

/** What watched resources looked like, and what has changed since; lives as long as its session's memory. */
export class Watches {
  readonly #watched = new Map<string, Watched>();

  /**
   * Looks, and tells what is known of the past.
   * @param key whose resource it is
   */
  async look(key: string, { watch }: Watchable, parameters: Record<string, unknown>, context: Context): Promise<Past> {
    const watched = this.#of(key);
    watched.looking ??= (async () => {
      const picture = await watch?.picture(parameters, context);
      const before = watched.picture;
      watched.picture = picture;
      if (before === undefined || picture === undefined) return;
      const changes = stamped(watch?.changes(before, picture) ?? [], new Date().toISOString());
      watched.changes = [...changes, ...watched.changes].slice(0, KEPT);
      watched.total += changes.length;
    })().finally(() => {
      watched.looking = undefined;
    });
    await watched.looking;
    return { since: watched.since, changes: watched.changes, total: watched.total };
  }

  #of(key: string): Watched {
    const known = this.#watched.get(key);
    const watched = known ?? {
      since: new Date().toISOString(),
      picture: undefined,
      changes: [],
      total: 0,
      looking: undefined,
    };
    // A Map keeps the order of insertion: what was looked at last is its end.
    this.#watched.delete(key);
    this.#watched.set(key, watched);
    const [oldest] = this.#watched.keys();
    if (this.#watched.size > MAX_WATCHED && oldest !== undefined) this.#watched.delete(oldest);
    return watched;
  }
}
