import type { Wrangler } from "./wrangler.ts";

/** Asks the person one question and returns the answer, trimmed. What is secret is not shown while it is typed. */
export type Ask = (question: string, how?: { readonly secret: boolean }) => Promise<string>;

/** What a deployment needs of the world around it. */
export interface World {
  /** The script's arguments. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Where `wrangler.toml` is, and where what is kept between deployments goes. */
  readonly folder: string;
  /** `undefined` if nobody is there to answer. */
  readonly ask: Ask | undefined;
  readonly say: (text: string) => void;
  readonly wrangler: Wrangler;
}

/** Why nothing was deployed, as sentences for the person. */
export class DeployError extends Error {
  override readonly name = "DeployError";
}

/** Variables or secrets by name. */
export type Values = Readonly<Record<string, string>>;
