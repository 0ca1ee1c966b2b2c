import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { Failure, Refusal } from "../../../../src/node/plugin.ts";
import { file } from "../../../../src/node/plugins/file/index.ts";
import { fits, partsOf } from "../../../../src/node/plugins/rooted/names.ts";
import { isWithin } from "../../../../src/node/plugins/rooted/tree.ts";
import { opened, scratch } from "../../../support/plugins.ts";

const SECRET = "canary-that-nobody-may-read";

/** A root with a text, and a secret beside it. */
function house() {
  const folder = scratch();
  const root = join(folder, "root");
  const outside = join(folder, "outside");
  mkdirSync(join(root, "notes"), { recursive: true });
  mkdirSync(outside);
  writeFileSync(join(root, "notes/today.txt"), "the garage is open\n");
  writeFileSync(join(outside, "secret.txt"), SECRET);
  return { folder, root, outside };
}

const told = (error: unknown) => {
  if (!(error instanceof Refusal) && !(error instanceof Failure)) throw error;
};

describe("what lies outside a root", () => {
  test("is not reached by any way of writing a path", async () => {
    const { root } = house();
    const { run } = await opened(file, { roots: { docs: root } });
    const paths = [
      "docs/../outside/secret.txt",
      "docs/notes/../../outside/secret.txt",
      "../outside/secret.txt",
      "..",
      "docs/..",
      "/etc/passwd",
      "docs//etc/passwd",
      "docs/./notes/today.txt",
      "docs/\0/x",
      "docs/notes/today.txt\0.png",
      "other/today.txt",
      "./docs/notes/today.txt",
      "file:///etc/passwd",
      "~/.bashrc",
      "proc/self/environ",
    ];
    for (const path of paths) await expect(run("file.read", { path }), path).rejects.toThrow(Refusal);
    for (const folder of paths)
      await expect(run("file.search", { folder, name: "*" }), folder).rejects.toThrow(Refusal);
  });

  test("is not reached by links, of files or of folders", async () => {
    const { root, outside } = house();
    symlinkSync(join(outside, "secret.txt"), join(root, "link.txt"));
    symlinkSync(outside, join(root, "links"));
    symlinkSync("../outside/secret.txt", join(root, "relative.txt"));
    const { run } = await opened(file, { roots: { docs: root } });
    for (const path of ["docs/link.txt", "docs/links/secret.txt", "docs/relative.txt"]) {
      await expect(run("file.read", { path }), path).rejects.toThrow(/leads out of the root/);
    }
    await expect(run("file.search", { folder: "docs/links", name: "*" })).rejects.toThrow(/leads out of the root/);
    const found = await run("file.search", { folder: "docs", text: "canary" });
    expect(found).toMatchObject({ matches: [], skipped: { links: 3 } });
  });

  test("is not reached by a root whose name only begins alike", () => {
    expect(isWithin("/home/pi/docs", "/home/pi/docs-secret/a")).toBe(false);
    expect(isWithin("/home/pi/docs", "/home/pi/docs/a")).toBe(true);
  });

  test("links within the root are followed", async () => {
    const { root } = house();
    symlinkSync("notes/today.txt", join(root, "now.txt"));
    const { run } = await opened(file, { roots: { docs: root } });
    await expect(run("file.read", { path: "docs/now.txt" })).resolves.toMatchObject({ text: "the garage is open\n" });
  });

  test("is not reached while somebody swaps folders for links", async () => {
    const { root, outside } = house();
    const inside = join(root, "swap");
    mkdirSync(inside);
    writeFileSync(join(inside, "secret.txt"), "harmless");
    symlinkSync(outside, join(root, "bait"));
    const { run } = await opened(file, { roots: { docs: root } });
    const heard = new Set<string>();
    const note = (value: unknown) => heard.add(JSON.stringify(value));
    const swap = () => {
      renameSync(inside, join(root, "away"));
      renameSync(join(root, "bait"), inside);
    };
    const back = () => {
      renameSync(inside, join(root, "bait"));
      renameSync(join(root, "away"), inside);
    };
    for (let round = 0; round < 200; round += 1) {
      const calls = Promise.all([
        run("file.read", { path: "docs/swap/secret.txt" }).then(note, told),
        run("file.search", { folder: "docs/swap", text: "canary" }).then(note, told),
        run("file.search", { folder: "docs", text: "canary" }).then(note, told),
      ]);
      for (let turn = 0; turn < round % 12; turn += 1) await new Promise((resolve) => void setImmediate(resolve));
      swap();
      await new Promise((resolve) => void setImmediate(resolve));
      back();
      await calls;
    }
    expect([...heard].filter((each) => each.includes(SECRET))).toStrictEqual([]);
    expect([...heard].some((each) => each.includes("harmless"))).toBe(true);
  });

  test("a path of any parts is refused, or stays inside", async () => {
    const { root, outside } = house();
    symlinkSync(outside, join(root, "out"));
    symlinkSync("..", join(root, "up"));
    symlinkSync("/", join(root, "all"));
    const { run } = await opened(file, { roots: { docs: root } });
    const part = fc.oneof(
      fc.constantFrom(
        "..",
        ".",
        "",
        "notes",
        "today.txt",
        "out",
        "up",
        "all",
        "outside",
        "secret.txt",
        "etc",
        "passwd",
      ),
      fc.constantFrom("%2e%2e", "..\\", "...", "．．", "‥", "docs", "root"),
      fc.string({ unit: "binary", maxLength: 8 }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 6 }), async (parts) => {
        const answer = await run("file.read", { path: ["docs", ...parts].join("/") }).catch((error: unknown) => {
          expect(error instanceof Refusal || error instanceof Failure).toBe(true);
          return undefined;
        });
        if (answer !== undefined) expect(answer).toMatchObject({ text: "the garage is open\n" });
      }),
      { numRuns: 250 },
    );
  });
});

describe("what is no plain file", () => {
  test("pipes, sockets and devices are refused at once", async () => {
    const { root } = house();
    execFileSync("/usr/bin/mkfifo", [join(root, "pipe")]);
    const server = createServer().listen(join(root, "socket"));
    onTestFinished(() => void server.close());
    await new Promise((resolve) => void server.once("listening", resolve));
    symlinkSync("/dev/zero", join(root, "zero"));
    const { run } = await opened(file, { roots: { docs: root } });
    await expect(run("file.read", { path: "docs/pipe" })).rejects.toThrow(/device, pipe or socket/);
    await expect(run("file.read", { path: "docs/socket" })).rejects.toThrow(/device, pipe or socket/);
    await expect(run("file.read", { path: "docs/zero" })).rejects.toThrow(Refusal);
    const found = await run("file.search", { folder: "docs", text: "x" });
    expect(found).toMatchObject({ skipped: { special: 2, links: 1 } });
  });

  test.each(["/", "/proc", "/proc/self", "/sys", "/dev"])("%s is no root", async (root) => {
    await expect(opened(file, { roots: { all: root } })).rejects.toThrow(/is too much/);
  });

  test("a root that is a link to everything is none, either", async () => {
    const { folder } = house();
    symlinkSync("/", join(folder, "all"));
    await expect(opened(file, { roots: { all: join(folder, "all") } })).rejects.toThrow(/is too much/);
  });
});

describe("names that hold secrets", () => {
  const NAMES = [
    ".ssh/id_ed25519",
    ".env",
    ".env.local",
    "id_rsa",
    "server.pem",
    "tls.key",
    "kubeconfig",
    ".kube/config",
  ];

  test.each([
    ...NAMES,
    "ID_RSA",
    "Server.PEM",
    ".SSH/config",
    "server.pem.",
    "ｉｄ_rsa",
    "id_r\u200bsa",
    "id\u200b_rsa",
  ])("%s is refused, and not found", async (name) => {
    const { root } = house();
    mkdirSync(join(root, name, ".."), { recursive: true });
    writeFileSync(join(root, name), SECRET);
    const { run } = await opened(file, { roots: { docs: root } });
    await expect(run("file.read", { path: `docs/${name}` })).rejects.toThrow(/keeps names like .* closed/);
    const found = await run("file.search", { folder: "docs", text: "canary" });
    expect(found).toMatchObject({ matches: [], skipped: { denied: 1 } });
  });

  test("is not reached by a link with a harmless name", async () => {
    const { root } = house();
    writeFileSync(join(root, ".env"), SECRET);
    symlinkSync(".env", join(root, "notes.txt"));
    const { run } = await opened(file, { roots: { docs: root } });
    await expect(run("file.read", { path: "docs/notes.txt" })).rejects.toThrow(/keeps names like/);
  });

  test("are refused by the name that is given, too: nobody learns what is there", async () => {
    const { root } = house();
    symlinkSync("notes/today.txt", join(root, ".env"));
    const { run } = await opened(file, { roots: { docs: root } });
    for (const path of ["docs/.env", "docs/.ssh/id_rsa", "docs/absent.pem"]) {
      await expect(run("file.read", { path }), path).rejects.toThrow(/keeps names like/);
    }
  });

  test("an owner can add some", async () => {
    const { root } = house();
    const { run } = await opened(file, { roots: { docs: root }, deny_also: ["today.*"] });
    await expect(run("file.read", { path: "docs/notes/today.txt" })).rejects.toThrow(/keeps names like/);
    writeFileSync(join(root, ".env"), SECRET);
    await expect(run("file.read", { path: "docs/.env" })).rejects.toThrow(/keeps names like/);
  });

  test("a second name of the same file is another file's name", async () => {
    // Hard links cannot be told apart; who can make them can read the file.
    const { root, outside } = house();
    linkSync(join(outside, "secret.txt"), join(root, "same.txt"));
    const { run } = await opened(file, { roots: { docs: root } });
    await expect(run("file.read", { path: "docs/same.txt" })).resolves.toMatchObject({ text: SECRET });
  });
});

test("patterns fit as in a shell, and take no long time", () => {
  expect(fits("*.txt", "a.txt")).toBe(true);
  expect(fits("a?c*", "abcdef")).toBe(true);
  expect(fits("a?c", "ac")).toBe(false);
  expect(fits("*a*b", "xxaxxb")).toBe(true);
  expect(fits("", "")).toBe(true);
  expect(fits(`${"*a".repeat(50)}b`, "a".repeat(5000))).toBe(false);
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "b", "*", "?") }),
      fc.string({ unit: fc.constantFrom("a", "b") }),
      (pattern, text) => {
        const regular = new RegExp(`^${pattern.replaceAll(/\*+/g, "*").replaceAll("*", ".*").replaceAll("?", ".")}$`);
        expect(fits(pattern, text)).toBe(regular.test(text));
      },
    ),
  );
});

test("parts of a path are never empty, never dots", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", ".", "/", "\\", "\n") }), (path) => {
      try {
        for (const part of partsOf(path)) expect(["", ".", ".."]).not.toContain(part);
      } catch (error) {
        expect(error).toBeInstanceOf(Refusal);
      }
    }),
  );
});

test("no plug-in opens files by a path that it was given", () => {
  // The only reading functions that take callers' paths go through the tree.
  for (const name of ["read", "search"]) {
    const text = readFileSync(join(import.meta.dirname, `../../../../src/node/plugins/file/${name}.ts`), "utf8");
    expect(text).not.toContain("node:fs");
  }
});
