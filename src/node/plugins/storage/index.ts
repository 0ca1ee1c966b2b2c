import * as z from "zod";
import {
  definePlugin,
  definePluginTool,
  Failure,
  type PluginHost,
  type PluginTool,
  Refusal,
  SWITCH,
} from "../../plugin.ts";
import { type Answered, textOf } from "../net/ask.ts";
import { ServerUrl } from "../net/server-url.ts";
import { askS3, BucketSettings, checkKey, type Service } from "./bucket.ts";
import { parseListing, parseTrouble } from "./listing.ts";

const Variable = z.string().regex(/^[A-Z_][A-Z0-9_]*$/);

const StorageSettings = z.strictObject({
  ...SWITCH,
  /** "https://s3.eu-central-1.amazonaws.com"; buckets are named in the path. */
  endpoint: ServerUrl.refine((url) => URL.parse(url)?.pathname === "/", "has a path: buckets have their place"),
  region: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .default("auto"),
  access_key_env: Variable.default("S3_ACCESS_KEY_ID"),
  secret_key_env: Variable.default("S3_SECRET_ACCESS_KEY"),
  buckets: z
    .record(z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/, "is no name such as photos"), BucketSettings)
    .refine((buckets) => Object.keys(buckets).length > 0, "names no bucket"),
  get_bytes: z
    .int()
    .min(1)
    .max(1024 * 1024)
    .default(256 * 1024),
  put_bytes: z
    .int()
    .min(1)
    .max(4 * 1024 * 1024)
    .default(1024 * 1024),
  timeout_seconds: z.number().min(0.1).max(20).default(15),
});
type StorageSettings = z.output<typeof StorageSettings>;
type Buckets = ReadonlyMap<string, BucketSettings>;

const Bucket = z.string().min(1).max(32).describe("One of the buckets that the node opens");
const Key = z.string().min(1).max(1024).describe('Key of the object: "reports/2025.txt"');
/** More than one listing of S3 ever is. */
const LISTING_BYTES = 4 * 1024 * 1024;

export const storage = definePlugin({
  name: "storage",
  about: "Reads, writes and lists objects in S3-compatible buckets that you name.",
  settings: StorageSettings,
  async open(settings, host) {
    const buckets: Buckets = new Map(Object.entries(settings.buckets));
    const written: Buckets = new Map([...buckets].filter(([, { writes }]) => writes));
    const service: Service = {
      endpoint: settings.endpoint,
      region: settings.region,
      accessKeyId: secretOf(settings.access_key_env, host),
      secretAccessKey: secretOf(settings.secret_key_env, host),
      timeoutMs: settings.timeout_seconds * 1000,
    };
    const tools: PluginTool[] = [storageGet(settings, service, buckets), storageList(service, buckets)];
    if (written.size > 0) tools.push(storagePut(settings, service, written));
    return { tools, close: async () => undefined };
  },
});

function secretOf(variable: string, host: PluginHost): string {
  const value = host.env(variable) ?? "";
  if (value === "")
    throw new Refusal(`The plug-in storage wants a key of the service in ${variable}, which is not set.`);
  return value;
}

const listOf = (buckets: Buckets) =>
  [...buckets]
    .map(([name, { prefixes }]) => `${name} (${prefixes.join(", ")})`)
    .join("; ")
    .slice(0, 600);

function storageGet(settings: StorageSettings, service: Service, buckets: Buckets) {
  return definePluginTool({
    capability: {
      name: "storage.get",
      title: "Read an object",
      description: `Read an object of a bucket: text as it is, other bytes in base64. Buckets and keys: ${listOf(buckets)}.`,
      hints: { readOnly: true, destructive: false, idempotent: true, openWorld: true },
      weight: "light",
    },
    input: z.strictObject({ bucket: Bucket, key: Key }),
    async run({ bucket, key }, { signal }) {
      const found = bucketOf(bucket, buckets);
      checkKey(key, found);
      const answer = await askS3(service, {
        method: "GET",
        bucket: found.bucket,
        key,
        maxBytes: settings.get_bytes,
        signal,
      });
      refuseTrouble(answer, `The object "${key}"`);
      const text = textOf(answer.body, answer.truncated);
      return {
        bucket,
        key,
        etag: answer.headers.etag ?? null,
        type: answer.headers["content-type"] ?? null,
        ...(text === undefined ? { base64: answer.body.toString("base64") } : { text }),
        truncated: answer.truncated,
        ...(answer.truncated ? { note: "The object is longer; the rest was not read." } : {}),
      };
    },
  });
}

function storageList(service: Service, buckets: Buckets) {
  return definePluginTool({
    capability: {
      name: "storage.list",
      title: "List objects",
      description: `List the objects of a bucket whose keys begin alike. Buckets and keys: ${listOf(buckets)}.`,
      hints: { readOnly: true, destructive: false, idempotent: true, openWorld: true },
      weight: "light",
    },
    input: z.strictObject({
      bucket: Bucket,
      prefix: z.string().max(1024).describe('Beginning of the keys: "reports/"'),
      limit: z.int().min(1).max(500).default(100),
      next: z.string().max(2048).optional().describe("From the answer before, to go on"),
    }),
    async run({ bucket, prefix, limit, next }, { signal }) {
      const found = bucketOf(bucket, buckets);
      checkKey(prefix, found);
      const query = { "list-type": "2", "encoding-type": "url", "max-keys": String(limit), prefix };
      const answer = await askS3(service, {
        method: "GET",
        bucket: found.bucket,
        query: next === undefined ? query : { ...query, "continuation-token": next },
        maxBytes: LISTING_BYTES,
        signal,
      });
      refuseTrouble(answer, `The bucket "${bucket}"`);
      const listing = parseListing(answer.body.toString("utf8"));
      if (listing === undefined)
        throw new Failure("The service answered with something that is no listing. Its owner should look.");
      return {
        bucket,
        prefix,
        objects: listing.objects,
        truncated: listing.next !== undefined,
        next: listing.next ?? null,
      };
    },
  });
}

function storagePut(settings: StorageSettings, service: Service, buckets: Buckets) {
  return definePluginTool({
    capability: {
      name: "storage.put",
      title: "Write an object",
      description: `Write an object of a bucket; one that is there is replaced, unless told otherwise. Buckets and keys: ${listOf(buckets)}.`,
      hints: { readOnly: false, destructive: true, idempotent: true, openWorld: true },
      weight: "light",
    },
    input: z.strictObject({
      bucket: Bucket,
      key: Key,
      text: z
        .string()
        .max(4 * 1024 * 1024)
        .optional(),
      // A plain text in the schema: no gateway takes zod's pattern for base64.
      base64: z
        .string()
        .max(6 * 1024 * 1024)
        .refine((coded) => z.base64().safeParse(coded).success, "must be base64")
        .optional()
        .describe("Instead of text, for other bytes"),
      type: z
        .string()
        .regex(/^[\w.+-]+\/[\w.+-]+(; ?[\w-]+=[\w.-]+)?$/)
        .max(100)
        .optional()
        .describe("Media type"),
      if_none_match: z.literal("*").optional().describe("Only if there is no such object"),
    }),
    async run({ bucket, key, text, base64, type, if_none_match }, { signal }) {
      const found = bucketOf(bucket, buckets);
      checkKey(key, found);
      const body = bytesOf(text, base64);
      if (body.length > settings.put_bytes) {
        throw new Refusal(`These are ${body.length} bytes, and ${settings.put_bytes} are taken. Nothing was written.`);
      }
      const answer = await askS3(service, {
        method: "PUT",
        bucket: found.bucket,
        key,
        body,
        headers: {
          "content-type": type ?? (text === undefined ? "application/octet-stream" : "text/plain; charset=utf-8"),
          ...(if_none_match === undefined ? {} : { "if-none-match": if_none_match }),
        },
        maxBytes: 64 * 1024,
        signal,
      });
      if (answer.status === 412 || answer.status === 409) {
        throw new Failure(
          `There is an object "${key}" already, so nothing was written. Use another key, or leave if_none_match out.`,
        );
      }
      refuseTrouble(answer, `The object "${key}"`);
      return { bucket, key, etag: answer.headers.etag ?? null, size_bytes: body.length };
    },
  });
}

function bytesOf(text: string | undefined, base64: string | undefined): Buffer {
  if ((text === undefined) === (base64 === undefined))
    throw new Failure("Give either text or base64. Nothing was written.");
  return text === undefined ? Buffer.from(base64 ?? "", "base64") : Buffer.from(text, "utf8");
}

function bucketOf(name: string, buckets: Buckets): BucketSettings {
  const found = buckets.get(name);
  if (found !== undefined) return found;
  throw new Refusal(`"${name}" is no bucket that may be used so here; those are: ${[...buckets.keys()].join(", ")}.`);
}

/** @throws Failure unless it went well */
function refuseTrouble({ status, body }: Answered, what: string): void {
  if (status === 200) return;
  if (status === 404) throw new Failure(`${what} does not exist. Look what is there with storage_list.`);
  throw new Failure(
    `${what} was not reached; the service answers ${status}, ${parseTrouble(body.toString("utf8")).slice(0, 300)}`,
  );
}
