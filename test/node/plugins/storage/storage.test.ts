import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Refusal } from "../../../../src/node/plugin.ts";
import { storage } from "../../../../src/node/plugins/storage/index.ts";
import { parseListing, parseTrouble } from "../../../../src/node/plugins/storage/listing.ts";
import { loopback } from "../../../support/loopback.ts";
import { opened } from "../../../support/plugins.ts";
import { S3, s3Server } from "../../../support/s3-server.ts";

const ENV = { S3_ACCESS_KEY_ID: S3.accessKeyId, S3_SECRET_ACCESS_KEY: S3.secretAccessKey };
const BUCKETS = {
  home: { bucket: "home-bucket", prefixes: ["reports/", "photo"], writes: true },
  old: { bucket: "old-bucket", prefixes: ["a/"] },
};

async function storing(settings: object = {}, env: Readonly<Record<string, string>> = ENV) {
  const server = await s3Server();
  const plugin = await opened(
    storage,
    { endpoint: server.origin, region: S3.region, buckets: BUCKETS, ...settings },
    { env },
  );
  const ask = (name: string) => (input: object) => plugin.run(`storage.${name}`, { bucket: "home", ...input });
  return { ...server, plugin, get: ask("get"), put: ask("put"), list: ask("list") };
}

describe("objects", () => {
  test("are written, read and listed, by signed requests", async () => {
    const { get, put, list, objects } = await storing();
    expect(await put({ key: "reports/a.txt", text: "grün" })).toStrictEqual({
      bucket: "home",
      key: "reports/a.txt",
      etag: '"new"',
      size_bytes: 5,
    });
    expect(await get({ key: "reports/a.txt" })).toStrictEqual({
      bucket: "home",
      key: "reports/a.txt",
      etag: '"there"',
      type: "text/plain",
      text: "grün",
      truncated: false,
    });
    await put({ key: "photo.jpg", base64: "AAEC", type: "image/jpeg" });
    expect(objects.get("home-bucket/photo.jpg")).toStrictEqual(Buffer.from([0, 1, 2]));
    expect(await get({ key: "photo.jpg" })).toMatchObject({ base64: "AAEC" });
    expect(await list({ prefix: "reports/" })).toMatchObject({
      objects: [{ key: "reports/a.txt", size_bytes: 5, modified: "2026-01-01T00:00:00.000Z" }],
      truncated: false,
      next: null,
    });
    await expect(get({ key: "reports/b" })).rejects.toThrow(/does not exist/);
  });

  test("have keys of any kind", async () => {
    const { get, put, list, objects } = await storing();
    const key = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }).map((end) => `reports/${end}`);
    const odd = fc.constantFrom(
      "reports/a b+c%20&d=e?f#g",
      "reports/(x)!*'",
      "reports/ü/東京",
      "reports//x",
      "reports/a<b>&amp;",
      "reports/..x",
    );
    await fc.assert(
      fc.asyncProperty(fc.oneof(key, odd), async (name) => {
        objects.clear();
        const answer = await put({ key: name, text: "x" }).catch((error: unknown) => error);
        if (answer instanceof Refusal) return;
        expect(answer).toMatchObject({ key: name });
        expect([...objects.keys()]).toStrictEqual([`home-bucket/${name}`]);
        expect(await get({ key: name })).toMatchObject({ text: "x" });
        expect(await list({ prefix: "reports/" })).toMatchObject({ objects: [{ key: name }] });
      }),
      { numRuns: 150 },
    );
  });

  test("are not replaced if told so", async () => {
    const { put, objects } = await storing();
    await put({ key: "reports/a", text: "first", if_none_match: "*" });
    await expect(put({ key: "reports/a", text: "second", if_none_match: "*" })).rejects.toThrow(/nothing was written/);
    expect(objects.get("home-bucket/reports/a")?.toString()).toBe("first");
    await put({ key: "reports/a", text: "third" });
    expect(objects.get("home-bucket/reports/a")?.toString()).toBe("third");
  });

  test("are listed page by page", async () => {
    const { put, list } = await storing();
    for (const name of ["1", "2", "3"]) await put({ key: `reports/${name}`, text: name });
    const first = await list({ prefix: "reports/", limit: 2 });
    expect(first).toMatchObject({ objects: [{ key: "reports/1" }, { key: "reports/2" }], truncated: true });
    expect(await list({ prefix: "reports/", limit: 2, next: first["next"] })).toMatchObject({
      objects: [{ key: "reports/3" }],
      next: null,
    });
  });
});

describe("what is not done", () => {
  test("nothing outside the prefixes, by any way of writing a key", async () => {
    const { get, put, list, heard, objects } = await storing();
    objects.set("home-bucket/secret", Buffer.from("canary"));
    const keys = [
      "secret",
      "reports",
      "reports/../secret",
      "reports/./../secret",
      "reports/..",
      "/reports/a",
      "Reports/a",
      "reports/a\nb",
      "../old-bucket/a/x",
      "a/x",
    ];
    for (const key of keys) {
      await expect(get({ key }), key).rejects.toThrow(Refusal);
      await expect(put({ key, text: "x" }), key).rejects.toThrow(Refusal);
    }
    for (const prefix of ["", "r", "secret", "/", "reports/../"])
      await expect(list({ prefix }), prefix).rejects.toThrow(Refusal);
    expect(heard).toStrictEqual([]);
    expect(objects.size).toBe(1);
  });

  test("no encoded key leads to another one", async () => {
    const { get, heard } = await storing();
    for (const key of ["reports/%2e%2e/secret", "reports/%2e%2e%2fsecret", "reports/..%2fsecret"]) {
      await expect(get({ key }), key).rejects.toThrow(/does not exist/);
    }
    const paths = heard.map(({ path }) => new URL(path, "http://s3").pathname);
    expect(paths.every((path) => path.startsWith("/home-bucket/reports/"))).toBe(true);
  });

  test("nothing in buckets that are not named, or not to be written", async () => {
    const { get, put, plugin } = await storing();
    for (const bucket of ["home-bucket", "other", "__proto__"])
      await expect(get({ bucket, key: "reports/a" })).rejects.toThrow(Refusal);
    await expect(put({ bucket: "old", key: "a/x", text: "x" })).rejects.toThrow(Refusal);
    expect(plugin.tool("storage.put").capability.hints).toMatchObject({ readOnly: false, destructive: true });
    const reading = await storing({ buckets: { old: BUCKETS.old } });
    expect(reading.plugin.names).toStrictEqual(["storage.get", "storage.list"]);
  });

  test("nothing beyond the limits", async () => {
    const { get, put, objects } = await storing({ get_bytes: 4, put_bytes: 4 });
    await expect(put({ key: "reports/a", text: "12345" })).rejects.toThrow(/4 are taken/);
    await expect(put({ key: "reports/a" })).rejects.toThrow(/either text or base64/);
    await expect(put({ key: "reports/a", text: "x", base64: "AA==" })).rejects.toThrow(/either text or base64/);
    await expect(put({ key: "reports/a", base64: "no base64!" })).rejects.toThrow(/must be base64/);
    expect(objects.size).toBe(0);
    objects.set("home-bucket/reports/a", Buffer.from("123ü5"));
    expect(await get({ key: "reports/a" })).toMatchObject({ text: "123", truncated: true });
  });

  test("nothing with wrong keys, which are not told", async () => {
    const { get } = await storing({}, { ...ENV, S3_SECRET_ACCESS_KEY: "canary-wrong" });
    const error: unknown = await get({ key: "reports/a" }).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain("answers 403, SignatureDoesNotMatch: It is so & not else");
    expect(String(error)).not.toContain("canary");
    await expect(storing({}, {})).rejects.toThrow(/S3_ACCESS_KEY_ID/);
  });

  test("nothing for ever, and no redirect", async () => {
    const { origin, heard } = await loopback(({ path }, response) => {
      if (!path.includes("away")) return;
      response.writeHead(307, { location: "http://169.254.169.254/" });
      response.end();
    });
    const { run } = await opened(storage, { endpoint: origin, buckets: BUCKETS, timeout_seconds: 0.2 }, { env: ENV });
    await expect(run("storage.get", { bucket: "home", key: "reports/slow" })).rejects.toThrow(/did not answer/);
    await expect(run("storage.get", { bucket: "home", key: "reports/away" })).rejects.toThrow(/answers 307/);
    expect(heard).toHaveLength(2);
  });
});

test("answers that are no listing are told from empty ones", () => {
  expect(parseListing("<html></html>")).toBeUndefined();
  expect(parseListing("<ListBucketResult/>")).toBeUndefined();
  expect(parseListing("<ListBucketResult></ListBucketResult>")).toStrictEqual({ objects: [], next: undefined });
  expect(parseTrouble("")).toBe("it does not say why");
});

test("settings name exact buckets and a bare server", () => {
  const settings = { endpoint: "https://s3.example.com", buckets: BUCKETS };
  expect(storage.settings.safeParse(settings).success).toBe(true);
  for (const endpoint of [
    "https://s3.example.com/x",
    "https://a:b@s3.example.com",
    "s3.example.com",
    "ftp://s3",
    "https://s3/?a",
  ]) {
    expect(storage.settings.safeParse({ ...settings, endpoint }).success, endpoint).toBe(false);
  }
  for (const bucket of ["../x", "a/b", "", "A", "*"]) {
    expect(
      storage.settings.safeParse({ ...settings, buckets: { x: { bucket, prefixes: ["a"] } } }).success,
      bucket,
    ).toBe(false);
  }
  expect(storage.settings.safeParse({ ...settings, buckets: {} }).success).toBe(false);
  expect(storage.settings.safeParse({ ...settings, buckets: { x: { bucket: "abc", prefixes: [] } } }).success).toBe(
    false,
  );
  expect(storage.settings.safeParse({ ...settings, buckets: { x: { bucket: "abc", prefixes: [""] } } }).success).toBe(
    false,
  );
});
