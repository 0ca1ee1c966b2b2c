import { createHash } from "node:crypto";
import type { AwsV4Signer } from "aws4fetch";
import * as z from "zod";
import { Refusal } from "../../plugin.ts";
import { type Answered, ask } from "../net/ask.ts";

export const BucketSettings = z.strictObject({
  bucket: z.string().regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "is no name of a bucket"),
  /** Beginnings of the keys that may be read. */
  prefixes: z.array(z.string().min(1).max(500)).min(1).max(64),
  /** Whether keys with these beginnings may be written, too. */
  writes: z.boolean().default(false),
});
export type BucketSettings = z.output<typeof BucketSettings>;

/** An S3-compatible service. */
export interface Service {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly timeoutMs: number;
}

interface S3Request {
  readonly method: "GET" | "PUT";
  readonly bucket: string;
  /** Absent for the bucket itself. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** Sends a signed request (AWS Signature Version 4). */
export async function askS3(service: Service, request: S3Request): Promise<Answered> {
  const { AwsV4Signer: Signer } = await import("aws4fetch");
  const signer: AwsV4Signer = new Signer({
    method: request.method,
    url: addressOf(service.endpoint, request),
    headers: {
      ...request.headers,
      // Signed, so that nobody on the way can put something else in its place.
      "x-amz-content-sha256": createHash("sha256")
        .update(request.body ?? "")
        .digest("hex"),
    },
    accessKeyId: service.accessKeyId,
    secretAccessKey: service.secretAccessKey,
    region: service.region,
    service: "s3",
    allHeaders: true,
  });
  const { url, headers } = await signer.sign();
  return ask({
    url: new URL(url.href),
    method: request.method,
    headers: Object.fromEntries(headers.entries()),
    body: request.body,
    signal: request.signal,
    timeoutMs: service.timeoutMs,
    maxBytes: request.maxBytes,
  });
}

function addressOf(endpoint: string, { bucket, key, query }: S3Request): string {
  const path =
    key === undefined
      ? ""
      : `/${key
          .split("/")
          .map((part) => encodeURIComponent(part))
          .join("/")}`;
  const asked = new URLSearchParams(query).toString().replaceAll("+", "%20");
  return `${endpoint}/${bucket}${path}${asked === "" ? "" : `?${asked}`}`;
}

/**
 * Looks whether a key may be used.
 * @throws Refusal
 */
export function checkKey(key: string, { bucket, prefixes }: BucketSettings): void {
  // An address loses such parts on its way, and would lead to another key.
  const odd =
    key.split("/").some((part) => part === "." || part === "..") ||
    key.startsWith("/") ||
    /\p{Cc}/u.test(key) ||
    !key.isWellFormed();
  if (odd)
    throw new Refusal(
      `The key "${key.slice(0, 100)}" is not used: it has a part "." or "..", a leading slash or control signs.`,
    );
  if (prefixes.some((prefix) => key.startsWith(prefix))) return;
  throw new Refusal(
    `The key "${key.slice(0, 100)}" may not be used in ${bucket}. Keys begin with: ${prefixes.join(", ")}.`,
  );
}
