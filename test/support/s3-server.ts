import { createHash, createHmac } from "node:crypto";
import { type Heard, loopback, type Loopback } from "./loopback.ts";

export const S3 = { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "canary-secret-key", region: "eu-test-1" } as const;

const sha256 = (data: string | Uint8Array) => createHash("sha256").update(data).digest("hex");
const hmac = (key: string | Uint8Array, data: string) => createHmac("sha256", key).update(data).digest();
/** RFC 3986, as Amazon wants it. */
const encoded = (text: string) =>
  encodeURIComponent(text).replaceAll(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const FORM =
  /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=(\w{64})$/;

/** Headers that must be signed, if they are sent. */
const SIGNED = ["host", "x-amz-content-sha256", "x-amz-date", "if-none-match", "content-type"];

/** What is wrong with a request's signature (AWS Signature Version 4); `undefined` if nothing is. */
function wrongIn(heard: Heard): string | undefined {
  const { headers, body } = heard;
  const [, id, day = "", region, signed = "", signature] = FORM.exec(String(headers.authorization)) ?? [];
  if (id !== S3.accessKeyId || region !== S3.region) return "AccessDenied";
  if (headers["x-amz-content-sha256"] !== sha256(body)) return "XAmzContentSHA256Mismatch";
  const names = signed.split(";");
  if (SIGNED.some((name) => headers[name] !== undefined && !names.includes(name))) return "UnsignedHeaders";
  const date = String(headers["x-amz-date"]);
  const scope = `${day}/${region}/s3/aws4_request`;
  const key = ["s3", "aws4_request"].reduce<Uint8Array>(hmac, hmac(hmac(`AWS4${S3.secretAccessKey}`, day), region));
  const expected = hmac(key, ["AWS4-HMAC-SHA256", date, scope, sha256(canonicalOf(heard, names))].join("\n"));
  return expected.toString("hex") === signature ? undefined : "SignatureDoesNotMatch";
}

/** A request as it is signed. */
function canonicalOf({ method, path, headers, body }: Heard, names: readonly string[]): string {
  const url = new URL(path, "http://s3");
  const parts = url.pathname.split("/").map((part) => encoded(decodeURIComponent(part)));
  const query = [...url.searchParams].map((pair) => pair.map((part) => encoded(part)).join("="));
  const told = names.map((name) => `${name}:${String(headers[name] ?? "").trim()}`);
  const sorted = query.toSorted((a, b) => (a < b ? -1 : 1));
  return [method, parts.join("/"), sorted.join("&"), ...told, "", names.join(";"), sha256(body)].join("\n");
}

export interface S3Server extends Loopback {
  /** By "bucket/key". */
  readonly objects: Map<string, Buffer>;
}

/** A small S3-compatible server, which takes nothing that is not signed right. */
export async function s3Server(): Promise<S3Server> {
  const objects = new Map<string, Buffer>();
  const server = await loopback((heard, response) => {
    const trouble = (status: number, code: string) => {
      response.writeHead(status, { "content-type": "application/xml" });
      response.end(
        `<?xml version="1.0"?><Error><Code>${code}</Code><Message>It is so &amp; not else</Message></Error>`,
      );
    };
    const wrong = wrongIn(heard);
    if (wrong !== undefined) return trouble(403, wrong);
    const url = new URL(heard.path, "http://s3");
    const name = decodeURIComponent(url.pathname.slice(1));
    if (url.searchParams.get("list-type") === "2") {
      response.end(listing(objects, name, url.searchParams));
      return undefined;
    }
    if (heard.method === "PUT") {
      if (heard.headers["if-none-match"] === "*" && objects.has(name)) return trouble(412, "PreconditionFailed");
      objects.set(name, heard.body);
      response.setHeader("etag", '"new"');
      response.end();
      return undefined;
    }
    const found = objects.get(name);
    if (found === undefined) return trouble(404, "NoSuchKey");
    response.setHeader("etag", '"there"');
    response.setHeader("content-type", "text/plain");
    response.end(found);
    return undefined;
  });
  return { ...server, objects };
}

function listing(objects: ReadonlyMap<string, Buffer>, bucket: string, asked: URLSearchParams): string {
  const prefix = asked.get("prefix") ?? "";
  const after = asked.get("continuation-token") ?? "";
  const all = [...objects]
    .filter(([name]) => name.startsWith(`${bucket}/${prefix}`) && name > after)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const some = all.slice(0, Number(asked.get("max-keys")));
  const rows = some.map(
    ([name, body]) =>
      `<Contents><Key>${encoded(name.slice(bucket.length + 1))}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;x&quot;</ETag><Size>${body.length}</Size></Contents>`,
  );
  const next =
    all.length > some.length ? `<NextContinuationToken>${some.at(-1)?.[0] ?? ""}</NextContinuationToken>` : "";
  return `<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType>${next}${rows.join("")}</ListBucketResult>`;
}
