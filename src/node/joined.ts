import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { exportJWK, generateKeyPair } from "jose";
import * as z from "zod";
import { nodeIdOf, PublicKey, signProof } from "../federation/wire/identity.ts";
import { SITES } from "../federation/wire/manifest.ts";
import { parsedJson } from "../lib/json.ts";
import { writePrivate } from "./folders.ts";
import { Trouble } from "./sentences.ts";

/** A client certificate, for gateways that ask for one (mTLS); files in PEM form. */
const Certificate = z.strictObject({ cert: z.string(), key: z.string(), ca: z.string().optional() });
export type Certificate = z.output<typeof Certificate>;

const PrivateKey = PublicKey.extend({ d: z.string().length(43) });
export type PrivateKey = z.output<typeof PrivateKey>;

/** Which home a node belongs to, and the key by which it is known there. */
const Joined = z.strictObject({
  gateway: z.string(),
  home: z.string(),
  node_id: z.string(),
  name: z.string(),
  site: z.enum(SITES),
  /** File of the configuration. */
  config: z.string(),
  /** Where the owner adopts it. */
  page: z.string(),
  certificate: Certificate.optional(),
  key: PrivateKey,
});
export type Joined = z.output<typeof Joined>;

const fileIn = (folder: string) => join(folder, "link.json");

/** A new key of a node's own (Ed25519). */
export async function newKey(): Promise<PrivateKey> {
  const { privateKey } = await generateKeyPair("EdDSA", { crv: "Ed25519", extractable: true });
  return PrivateKey.parse(await exportJWK(privateKey));
}

/** The half of a key that others may know. */
export const publicHalf = (key: PrivateKey): PublicKey => PublicKey.parse(key);

/** @returns `undefined` if this folder's node has not joined a home; @throws Trouble if its file cannot be used */
export function readJoined(folder: string): Joined | undefined {
  const path = fileIn(folder);
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new Trouble(`${path} cannot be read. Run this as the user who ran \`pimcp node join\`.`);
  }
  const parsed = Joined.safeParse(parsedJson(text));
  if (parsed.success) return parsed.data;
  throw new Trouble(`${path} is damaged, and the node's key with it. Run \`pimcp node leave\`, then join again.`);
}

/** Keeps key and link, readable for their owner alone. */
export function writeJoined(folder: string, joined: Joined): void {
  writePrivate(fileIn(folder), `${JSON.stringify(joined, undefined, 2)}\n`);
}

/** Forgets key and link. */
export function forgetJoined(folder: string): void {
  rmSync(fileIn(folder), { force: true });
}

/** A proof of who this node is, good once, for one address of its gateway. */
export async function proofFor(joined: Pick<Joined, "gateway" | "home" | "key">, path: string): Promise<string> {
  const about = {
    nodeId: await nodeIdOf(publicHalf(joined.key)),
    home: joined.home,
    audience: `${joined.gateway}${path}`,
  };
  return signProof(joined.key, about, Date.now());
}
