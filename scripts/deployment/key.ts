import { randomBytes } from "node:crypto";
import { KEY_BYTES } from "../../src/lib/crypto.ts";
import type { Kept } from "./kept.ts";
import { type Ask, DeployError, type Values } from "./world.ts";

/** What a deployment does about TOKEN_KEY. */
export interface KeyPlan {
  /** The secrets to set; none if the Worker keeps its key. */
  readonly secrets: Values;
  /** What is kept before the upload. */
  readonly before: Kept;
  /** What is kept after it. */
  readonly after: Kept;
  /** For the person. */
  readonly note: string;
}

export interface KeyWish {
  readonly kept: Kept;
  /** Names of the secrets that the Worker has. */
  readonly present: ReadonlySet<string>;
  readonly rotate: boolean;
  /** `TOKEN_KEY` from outside. */
  readonly given: string | undefined;
  readonly ask: Ask | undefined;
}

const newKey = () => randomBytes(KEY_BYTES).toString("base64");

/**
 * A change of the key that was broken off: it is told by TOKEN_KEY_PREVIOUS, which comes and goes with the new key,
 * whether Cloudflare has taken it.
 */
function settled({ nextKey, ...kept }: Kept, present: ReadonlySet<string>): Kept {
  if (nextKey === undefined || !present.has("TOKEN_KEY_PREVIOUS")) return kept;
  return { ...kept, key: nextKey };
}

async function presentKey(kept: Kept, { given, ask }: KeyWish): Promise<string> {
  if (kept.key !== undefined) return kept.key;
  const key =
    given ?? (await ask?.("The present TOKEN_KEY, which is not kept on this computer (not shown)", { secret: true }));
  if (key !== undefined && key !== "") return key;
  throw new DeployError(
    "To change TOKEN_KEY its present value is needed, and Cloudflare gives no secret back. Run this where it was first " +
      "deployed (the folder .pimcp has it), or give it as TOKEN_KEY. If it is lost: npx wrangler secret put TOKEN_KEY " +
      "sets a new one, and everything that the old one sealed is lost, such as the sign-ins that reserved pins are made " +
      "safe with.",
  );
}

async function rotated(wish: KeyWish, kept: Kept): Promise<KeyPlan> {
  if (!wish.present.has("TOKEN_KEY")) {
    throw new DeployError("There is no TOKEN_KEY at Cloudflare to change: deploy without --rotate-key.");
  }
  if (wish.present.has("TOKEN_KEY_PREVIOUS")) {
    throw new DeployError(
      "TOKEN_KEY was changed before, and TOKEN_KEY_PREVIOUS still opens what the older one sealed. A month after that " +
        "change run: npx wrangler secret delete TOKEN_KEY_PREVIOUS, and then this again.",
    );
  }
  const previous = await presentKey(kept, wish);
  const key = newKey();
  return {
    secrets: { TOKEN_KEY: key, TOKEN_KEY_PREVIOUS: previous },
    before: { ...kept, key: previous, nextKey: key },
    after: { ...kept, key },
    note:
      "TOKEN_KEY is new, and the one before is TOKEN_KEY_PREVIOUS. In a month run: " +
      "npx wrangler secret delete TOKEN_KEY_PREVIOUS",
  };
}

/**
 * Decides which key the Worker gets: the one that it has stays, unless a change was asked for.
 * @throws DeployError if the change cannot be made without losing what the present key sealed
 */
export async function planKey(wish: KeyWish): Promise<KeyPlan> {
  const kept = settled(wish.kept, wish.present);
  if (wish.rotate) return rotated(wish, kept);
  if (wish.present.has("TOKEN_KEY")) {
    return { secrets: {}, before: kept, after: kept, note: "TOKEN_KEY stays as it is." };
  }
  const key = wish.given ?? kept.key ?? newKey();
  const withKey = { ...kept, key };
  return {
    secrets: { TOKEN_KEY: key },
    before: withKey,
    after: withKey,
    note: "TOKEN_KEY is set; its only other copy is in the folder .pimcp: keep that safe.",
  };
}
