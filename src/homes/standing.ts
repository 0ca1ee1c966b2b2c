import { lower, type Role } from "../contract/role.ts";
import type { AskRole } from "../pi/profile.ts";

/** What a home last said of an account, and when it was asked. */
interface Said {
  readonly role: Role | undefined;
  readonly at: number;
}

/** Whose standing at which home. */
interface Account {
  /** Names home and person. */
  readonly key: string;
  /** The role that was granted. */
  readonly granted: Role;
  readonly ask: AskRole;
}

/**
 * Remembers what homes say of accounts; lives as long as its session's memory. Refusals are not remembered: who was
 * let in again is let in at once.
 */
export class Standing {
  readonly #said = new Map<string, Said>();
  readonly #asking = new Map<string, Promise<Said>>();

  /**
   * What a caller may do now: the lower of what was granted and what the home says. A higher role needs a new consent.
   * @param maxAgeMs how old the home's word may be, in milliseconds; 0 asks anew
   * @throws Fault why not, or why the home could not be asked
   */
  async role({ key, granted, ask }: Account, maxAgeMs: number): Promise<Role> {
    const now = Date.now();
    const known = this.#said.get(key);
    if (known !== undefined && now - known.at < maxAgeMs) return effective(granted, known);
    if (maxAgeMs === 0) return effective(granted, await this.#ask(key, ask, now));
    const asking =
      this.#asking.get(key) ??
      this.#ask(key, ask, now).finally(() => {
        this.#asking.delete(key);
      });
    this.#asking.set(key, asking);
    return effective(granted, await asking);
  }

  async #ask(key: string, ask: AskRole, at: number): Promise<Said> {
    try {
      const said = { role: await ask(), at };
      if ((this.#said.get(key)?.at ?? 0) <= at) this.#said.set(key, said);
      return said;
    } catch (error) {
      this.#said.delete(key);
      throw error;
    }
  }
}

function effective(granted: Role, { role }: Said): Role {
  return role === undefined ? granted : lower(granted, role);
}
