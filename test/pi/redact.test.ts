import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { redactText } from "../../src/pi/redact.ts";

const CANARY = "hunter2canary";
const PEM = `-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEI${CANARY}\n-----END EC PRIVATE KEY-----`;

/** What secrets look like in the words of a home, of SSH, of K3s and of kubectl. */
const SECRETS: readonly (readonly [string, string])[] = [
  ["an assignment", `password=${CANARY}`],
  ["an assignment with spaces", `password = ${CANARY}`],
  ["a field", `password: ${CANARY}`],
  ["a quoted field", `password: "${CANARY}"`],
  ["a field in single quotes", `password: 'two words ${CANARY}'`],
  ["a field of JSON", `{"password":"${CANARY}"}`],
  ["a longer name", `ssh_password=${CANARY}`],
  ["an environment variable", `K3S_TOKEN=${CANARY}`],
  ["a cluster's token", `k3s_cluster_token=${CANARY}`],
  ["a secret of OAuth", `client_secret: ${CANARY}`],
  ["an API key", `api-key=${CANARY}`],
  ["an API key in capitals", `API_KEY: ${CANARY}`],
  ["a private key's field", `"private_key": "${CANARY}"`],
  ["a passphrase", `passphrase=${CANARY}`],
  ["a private key", PEM],
  ["a private key that is cut off", PEM.slice(0, PEM.indexOf("-----END"))],
  ["a K3s join token", `K10${"0123456789abcdef".repeat(4)}::server:${CANARY}`],
  ["a JSON Web Token", `eyJhbGciOiJIUzI1NiJ9.${CANARY}.${CANARY}`],
  ["a JSON Web Token that is cut off", `eyJhbGciOiJIUzI1NiJ9${CANARY}`],
  ["a kubeconfig's key", `client-key-data: ${CANARY}`],
  ["a kubeconfig's certificate", `client-certificate-data:\n  ${CANARY}`],
  ["a kubeconfig's token", `    token: ${CANARY}`],
  ["a token of several words", `token: "two words ${CANARY}"`],
];

describe("what looks like a secret is removed", () => {
  test.each(SECRETS)("%s", (_, secret) => {
    const clean = redactText(`ssh to pi-worker-1 failed: ${secret} was refused`);
    expect(clean).not.toContain(CANARY);
    expect(clean).toContain("[removed]");
    expect(clean).toMatch(/^ssh to pi-worker-1 failed: /);
  });

  test("wherever it stands", () => {
    fc.assert(
      fc.property(fc.constantFrom(...SECRETS), fc.string(), fc.string(), ([, secret], before, after) => {
        expect(redactText(`${before} ${secret} ${after}`)).not.toContain(CANARY);
      }),
    );
  });

  test("each time it occurs", () => {
    expect(redactText(`token=${CANARY}, token=${CANARY}`)).toBe("[removed], [removed]");
  });
});

describe("values that are known to be secret are removed in any form", () => {
  test.each([
    ["as they are", `wrong password ${CANARY} for operator`],
    ["twice", `${CANARY}${CANARY}`],
  ])("%s", (_, text) => {
    expect(redactText(text, [CANARY])).not.toContain(CANARY);
  });

  test("whatever characters they have", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 4 }), (secret) => {
        fc.pre(!"[removed]".includes(secret));
        expect(redactText(`|${secret}|`, [secret])).toBe("|[removed]|");
      }),
    );
  });

  test("but not values so short that they would tear every text apart", () => {
    expect(redactText("no route to host", ["o", "", "no"])).toBe("no route to host");
  });
});

describe("what is left", () => {
  test.each([
    "Cluster with that name already exists",
    "Requires operator role",
    "Invalid or expired token",
    "wrong user name or password",
    "GPIO operation rate limit exceeded. Rapid GPIO switching can damage hardware.",
    "dial tcp 192.168.1.20:9091: connect: connection refused",
    "Größe ≠ 5 µs 😀",
    "",
  ])("is what the home said: %s", (text) => {
    expect(redactText(text)).toBe(text);
  });

  test.each([
    ["line breaks and tabs", "a\r\n\tb", "a b"],
    ["colours of a terminal", "a\u001B[31mb", "a [31mb"],
    ["zero width characters", "a\u200Bb\uFEFFc", "a b c"],
    ["marks of direction", "a\u202Eb\u2066c", "a b c"],
    ["what cannot be seen at the ends", "\u0000 a \u0007", "a"],
  ])("has no %s", (_, text, expected) => {
    expect(redactText(text)).toBe(expected);
  });

  test("is short, whole and visible, whatever the home sends", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 2000, size: "max" }), (text) => {
        const clean = redactText(text);
        expect(clean.length).toBeLessThanOrEqual(301);
        expect(clean.isWellFormed()).toBe(true);
        expect(clean).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }),
    );
  });

  test("says that it was cut", () => {
    expect(redactText("x".repeat(301))).toBe(`${"x".repeat(300)}…`);
    expect(redactText("x".repeat(300))).toBe("x".repeat(300));
  });

  test("is cut after it was cleaned, so that no half of a secret stays", () => {
    const token = `K10${"0123456789abcdef".repeat(4)}::server:${CANARY}`;
    expect(redactText(`${"x".repeat(280)} ${token}`)).toBe(`${"x".repeat(280)} [removed]`);
  });

  test("is whole if a character is cut in half", () => {
    expect(redactText(`x${"😀".repeat(200)}`).isWellFormed()).toBe(true);
  });
});

test.each([
  "eyJ",
  "-eyJ",
  "eyJaaaaaaaa.",
  "-----BEGIN ",
  "-----BEGIN PRIVATE KEY-----",
  "K10",
  "token",
  "token:",
  'token="',
])("a megabyte of %j takes no time", (piece) => {
  const text = piece.repeat(2 ** 20 / piece.length);
  const start = performance.now();
  redactText(text);
  expect(performance.now() - start).toBeLessThan(1000);
});
