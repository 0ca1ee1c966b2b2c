import { lookup as systemLookup } from "node:dns";
import type { LookupFunction } from "node:net";
import { describe, expect, test } from "vitest";
import { Failure, Refusal } from "../../../../src/node/plugin.ts";
import { isPublic, isPublicOrLocal } from "../../../../src/node/plugins/net/addresses.ts";
import { ask, type Asked, textOf } from "../../../../src/node/plugins/net/ask.ts";
import { loopback } from "../../../support/loopback.ts";

const PRIVATE = [
  "10.0.0.1",
  "127.0.0.1",
  "127.9.9.9",
  "192.168.1.1",
  "172.16.0.1",
  "172.31.255.255",
  "100.64.0.1",
  "::1",
  "fc00::1",
  "fd12::1",
];
const NEVER = [
  "0.0.0.0",
  "169.254.169.254",
  "224.0.0.1",
  "255.255.255.255",
  "240.0.0.1",
  "::",
  "fe80::1",
  "ff02::1",
  "fec0::1",
  "::ffff:127.0.0.1",
  "::ffff:8.8.8.8",
  "::127.0.0.1",
  "64:ff9b::7f00:1",
  "64:ff9b::808:808",
  "2002:7f00:1::",
  "2001::1",
  "2001:db8::1",
  "no address",
  "",
];
const PUBLIC = ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1"];

test.each(PUBLIC)("%s is public", (address) => expect(isPublic(address)).toBe(true));
test.each([...PRIVATE, ...NEVER])("%s is not public", (address) => expect(isPublic(address)).toBe(false));
test.each([...PUBLIC, ...PRIVATE])("%s may be a local service", (address) =>
  expect(isPublicOrLocal(address)).toBe(true),
);
test.each(NEVER)("%s is no local service", (address) => expect(isPublicOrLocal(address)).toBe(false));

const base = (url: string, more: Partial<Asked> = {}): Asked => ({
  url: new URL(url),
  method: "GET",
  headers: {},
  signal: new AbortController().signal,
  timeoutMs: 2000,
  maxBytes: 1000,
  ...more,
});

/** A name server that says one thing first and another then. */
const rebinding = (...addresses: string[]): { lookup: LookupFunction; asked: () => number } => {
  let asked = 0;
  const lookup: LookupFunction = (_name, options, callback) => {
    const address = addresses[Math.min(asked, addresses.length - 1)] ?? "";
    asked += 1;
    if (options.all === true) callback(null, [{ address, family: 4 }]);
    else callback(null, address, 4);
  };
  return { lookup, asked: () => asked };
};

/** A name with a public and a private address. */
const both: LookupFunction = (_name, _options, callback) =>
  callback(null, [
    { address: "8.8.8.8", family: 4 },
    { address: "127.0.0.1", family: 4 },
  ]);

describe("a request", () => {
  test("goes to no private address that a name leads to", async () => {
    const { port, heard } = await loopback((_, response) => response.end("secret"));
    const { lookup } = rebinding("127.0.0.1");
    await expect(ask(base(`http://evil.example:${port}/`, { lookup, mayReach: isPublic }))).rejects.toThrow(Refusal);
    await expect(ask(base(`http://localhost:${port}/`, { lookup: systemLookup, mayReach: isPublic }))).rejects.toThrow(
      Refusal,
    );
    expect(heard).toStrictEqual([]);
  });

  test("is connected to what was looked at: a name is asked once", async () => {
    const { port, heard } = await loopback((_, response) => response.end("secret"));
    // 192.0.2.1 stands for a public address that does not answer; the second answer would be this machine.
    const { lookup, asked } = rebinding("192.0.2.1", "127.0.0.1");
    const looked: string[] = [];
    const mayReach = (address: string) => {
      looked.push(address);
      return address !== "127.0.0.1";
    };
    await expect(ask(base(`http://evil.example:${port}/`, { lookup, mayReach, timeoutMs: 300 }))).rejects.toThrow();
    expect(asked()).toBe(1);
    expect(looked).toStrictEqual(["192.0.2.1"]);
    expect(heard).toStrictEqual([]);
  });

  test("one private address among several is enough to refuse", async () => {
    await expect(ask(base("http://evil.example/", { lookup: both, mayReach: isPublic }))).rejects.toThrow(Refusal);
  });

  test.each([
    "http://127.0.0.1:1/",
    "http://[::1]:1/",
    "http://0x7f.1:1/",
    "http://2130706433:1/",
    "http://017700000001:1/",
    "http://[::ffff:7f00:1]:1/",
    "http://169.254.169.254/latest/meta-data/",
  ])("goes to no private address that is written down: %s", async (url) => {
    await expect(ask(base(url, { mayReach: isPublic }))).rejects.toThrow(Refusal);
  });

  test("follows no redirect, and reads no more than it may", async () => {
    const { origin, heard, open } = await loopback((_, response) => {
      response.writeHead(302, { location: "http://169.254.169.254/" });
      response.end("x".repeat(5000));
    });
    const answer = await ask(base(origin));
    expect(answer).toMatchObject({ status: 302, truncated: true });
    expect(answer.body).toHaveLength(1000);
    expect(heard).toHaveLength(1);
    expect(heard[0]?.headers["accept-encoding"]).toBe("identity");
    await expect.poll(open).toBe(0);
  });

  test("ends with its time, and with its call", async () => {
    const { origin, open } = await loopback((_, response) => void response.write("x"));
    await expect(ask(base(origin, { timeoutMs: 100 }))).rejects.toThrow(/did not answer in 0.1 s/);
    const controller = new AbortController();
    const running = ask(base(origin, { signal: controller.signal }));
    setTimeout(() => controller.abort(new Error("cancelled")), 50);
    await expect(running).rejects.toThrow("cancelled");
    await expect.poll(open).toBe(0);
  });

  test("says that nobody is there", async () => {
    await expect(ask(base("http://127.0.0.1:1/"))).rejects.toThrow(Failure);
  });
});

test("a text is told from other bytes, also where it is cut", () => {
  expect(textOf(Buffer.from("grün"), false)).toBe("grün");
  expect(textOf(Buffer.from("grü").subarray(0, 3), true)).toBe("gr");
  expect(textOf(Buffer.from("grü").subarray(0, 3), false)).toBeUndefined();
  expect(textOf(new Uint8Array([65, 0]), false)).toBeUndefined();
});
