import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Refusal } from "../../../../src/node/plugin.ts";
import { shell } from "../../../../src/node/plugins/shell/index.ts";
import { opened, scratch } from "../../../support/plugins.ts";

/** A program that tells its arguments, its folder and its environment, and then does what it is told. */
function teller(folder: string, then = ""): string {
  const path = join(folder, "teller");
  writeFileSync(path, `#!/bin/bash\nprintf '%s\\n' "$@"\necho "folder=$(pwd -P)"\nenv | grep -v ^_= | sort\n${then}`);
  chmodSync(path, 0o755);
  return path;
}

/** Processes with a word in their command line. */
function alive(word: string): string[] {
  const all = execFileSync("ps", ["-eo", "pid=,stat=,args="], { encoding: "utf8" }).split("\n");
  return all.filter((line) => line.includes(word) && !line.includes("ps -eo") && !/^\s*\d+\s+Z/.test(line));
}

const gone = async (word: string) => {
  for (let tries = 0; tries < 50 && alive(word).length > 0; tries += 1) {
    await new Promise((resolve) => void setTimeout(resolve, 20));
  }
  return alive(word).length === 0;
};

describe("what is run", () => {
  test("gets its arguments as they are: no shell reads them", async () => {
    const folder = scratch();
    const { run } = await opened(shell, { programs: { tell: { path: teller(folder), rest: "any" } } });
    const evil = [
      "$(touch pwned)",
      "`touch pwned`",
      "; touch pwned",
      "&& touch pwned",
      "a b",
      "*",
      "| cat",
      "> pwned",
      "",
    ];
    const answer = await run("shell.run", { program: "tell", arguments: evil });
    expect(String(answer["stdout"]).split("\n").slice(0, evil.length)).toStrictEqual(evil);
    expect(answer).toMatchObject({ exit_code: 0, stopped: null, truncated: false });
    expect(existsSync(join(folder, "pwned"))).toBe(false);
  });

  test("has nothing of the node's environment", async () => {
    process.env["CANARY_TOKEN"] = "canary";
    const settings = { programs: { tell: { path: teller(scratch()) } }, environment: { TZ: "UTC" } };
    const { run } = await opened(shell, settings);
    const { stdout } = await run("shell.run", { program: "tell" });
    delete process.env["CANARY_TOKEN"];
    const names = [...String(stdout).matchAll(/^([A-Z_]+)=/gm)].map(([, name]) => name);
    expect(names).toStrictEqual(["LANG", "PATH", "PWD", "SHLVL", "TZ"]);
  });

  test("starts in a folder of the roots, or in one of its own", async () => {
    const root = scratch();
    mkdirSync(join(root, "sub"));
    symlinkSync("/", join(root, "out"));
    const programs = { tell: { path: teller(scratch()) } };
    const { run } = await opened(shell, { programs, roots: { site: root } });
    expect(await run("shell.run", { program: "tell" })).toMatchObject({
      stdout: expect.stringContaining(`folder=${root}\n`),
    });
    expect(await run("shell.run", { program: "tell", folder: "site/sub" })).toMatchObject({
      stdout: expect.stringContaining(`folder=${root}/sub\n`),
    });
    for (const folder of ["site/out", "site/..", "/", "site/../.."]) {
      await expect(run("shell.run", { program: "tell", folder })).rejects.toThrow(Refusal);
    }
    const own = scratch();
    const other = await opened(shell, { programs }, { folder: own });
    const answer = await other.run("shell.run", { program: "tell" });
    expect(answer["stdout"]).toContain(`folder=${own}/shell\n`);
  });

  test("tells how it ended", async () => {
    const path = teller(scratch(), "echo sorry >&2; exit 3");
    const { run } = await opened(shell, { programs: { tell: { path } } });
    expect(await run("shell.run", { program: "tell" })).toMatchObject({
      exit_code: 3,
      signal: null,
      stderr: "sorry\n",
    });
  });
});

const refused = async (settings: object, args: readonly string[]) => {
  const path = teller(scratch());
  const { run } = await opened(shell, { programs: { tell: { path, ...settings } }, roots: { site: scratch() } });
  return run("shell.run", { program: "tell", arguments: args });
};

describe("what is not run", () => {
  test("programs that are not named, whatever they are called", async () => {
    const { run } = await opened(shell, { programs: { tell: { path: teller(scratch()) } } });
    for (const program of ["rm", "/bin/rm", "../tell", "TELL", "tell ", "constructor", "__proto__", "toString"]) {
      await expect(run("shell.run", { program }), program).rejects.toThrow(/does not allow/);
    }
  });

  test.each([
    [{}, ["x"]],
    [{ begins: [["status"]] }, []],
    [{ begins: [["status"]] }, ["status", "x"]],
    [{ begins: [["status"]] }, ["statusx"]],
    [{ begins: [["status"]] }, ["x", "status"]],
    [{ begins: [["status", "-a"]], rest: "any" }, ["status"]],
    [{ rest: "any" }, ["-x"]],
    [{ rest: "any" }, ["x", "--output=/etc/passwd"]],
    [{ rest: "any", flags: ["-v"] }, ["-vx"]],
    [{ rest: "any", flags: ["--out"] }, ["--out=/etc/passwd"]],
    [{ rest: "any" }, ["--", "-x"]],
    [{ rest: "words" }, ["a/b"]],
    [{ rest: "words" }, [".."]],
    [{ rest: "words" }, ["a b"]],
    [{ rest: "words" }, ["a;b"]],
    [{ rest: "any" }, ["a\0b"]],
    [{ rest: "paths" }, ["/etc/passwd"]],
    [{ rest: "paths" }, ["site/../x"]],
    [{ rest: "paths" }, ["etc/passwd"]],
  ])("with %j: %j", async (settings, args) => {
    await expect(refused(settings, args)).rejects.toThrow(Refusal);
  });

  test.each([
    [{}, []],
    [{ begins: [["status"], ["list", "-l"]] }, ["list", "-l"]],
    [{ begins: [["status"]], rest: "words" }, ["status", "k3s.service"]],
    [{ rest: "any", flags: ["-v"] }, ["a/b", "-v", "c"]],
    [{ rest: "words" }, ["a.b_c@1:2"]],
  ])("but with %j it is: %j", async (settings, args) => {
    expect(await refused(settings, args)).toMatchObject({ exit_code: 0 });
  });

  test("paths reach the program as they really lie", async () => {
    const root = scratch();
    writeFileSync(join(root, "-rf"), "");
    symlinkSync("/etc/passwd", join(root, "link"));
    const path = teller(scratch());
    const { run } = await opened(shell, { programs: { tell: { path, rest: "paths" } }, roots: { site: root } });
    const answer = await run("shell.run", { program: "tell", arguments: ["site/-rf"] });
    expect(answer["stdout"]).toContain(`${root}/-rf\n`);
    await expect(run("shell.run", { program: "tell", arguments: ["site/link"] })).rejects.toThrow(Refusal);
  });

  test("no arguments of any kind lead past what is allowed", async () => {
    const words = fc.array(fc.oneof(fc.string(), fc.constantFrom("status", "-a", "--", "-", "k3s")), { maxLength: 4 });
    const path = teller(scratch());
    const program = { path, begins: [["status"]], rest: "words", flags: ["-a"] };
    const { run } = await opened(shell, { programs: { tell: program } });
    await fc.assert(
      fc.asyncProperty(words, async (args) => {
        const answer = await run("shell.run", { program: "tell", arguments: args }).catch((error: unknown) => error);
        if (answer instanceof Refusal) return;
        expect(args[0]).toBe("status");
        for (const word of args.slice(1)) expect(word === "-a" || /^[^-\s/][^\s/]*$/.test(word)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test.each(["/bin/bash", "/bin/sh", "/usr/bin/env", "/usr/bin/find", "/usr/bin/xargs", "/usr/bin/awk"])(
    "%s with arguments of the caller's choice is not even switched on",
    async (path) => {
      await expect(opened(shell, { programs: { it: { path, rest: "any" } } })).rejects.toThrow(/runs what it is given/);
      await expect(opened(shell, { programs: { it: { path, rest: "paths" } } })).rejects.toThrow(
        /runs what it is given/,
      );
    },
  );

  test("what is not there is not switched on", async () => {
    await expect(opened(shell, { programs: { it: { path: "/no/such" } } })).rejects.toThrow(/is not there/);
    const file = join(scratch(), "plain");
    writeFileSync(file, "");
    await expect(opened(shell, { programs: { it: { path: file } } })).rejects.toThrow(/cannot be run/);
    expect(shell.settings.safeParse({}).success).toBe(false);
    expect(shell.settings.safeParse({ programs: {} }).success).toBe(false);
    expect(shell.settings.safeParse({ programs: { it: { path: "sh" } } }).success).toBe(false);
  });
});

/** Starts children that ignore the polite signal, some of them in the background, holding the output open. */
const stubborn = (mark: string) =>
  `trap '' TERM\n(trap '' TERM; exec -a ${mark}-a sleep 300) &\nexec -a ${mark}-b sleep 300\n`;

describe("what goes on for too long", () => {
  test("is ended with all that it started, when its time is over", async () => {
    const path = teller(scratch(), stubborn("plug-time"));
    const { run } = await opened(shell, { programs: { tell: { path } }, timeout_seconds: 0.3 });
    const answer = await run("shell.run", { program: "tell" });
    expect(answer).toMatchObject({ exit_code: null, stopped: "time", note: expect.stringContaining("time was over") });
    expect(await gone("plug-time")).toBe(true);
  });

  test("is ended with all that it started, when nobody waits", async () => {
    const path = teller(scratch(), stubborn("plug-abort"));
    const { run } = await opened(shell, { programs: { tell: { path } } });
    const controller = new AbortController();
    const reason = new Error("cancelled");
    const running = run("shell.run", { program: "tell" }, { signal: controller.signal });
    while (alive("plug-abort").length < 2) await new Promise((resolve) => void setTimeout(resolve, 10));
    controller.abort(reason);
    await expect(running).rejects.toBe(reason);
    expect(await gone("plug-abort")).toBe(true);
  });

  test("leaves nothing behind when it ends by itself", async () => {
    const path = teller(scratch(), "(exec -a plug-left sleep 300) &\n");
    const { run } = await opened(shell, { programs: { tell: { path } } });
    expect(await run("shell.run", { program: "tell" })).toMatchObject({ exit_code: 0 });
    expect(await gone("plug-left")).toBe(true);
  });

  test("is ended when it writes without end", async () => {
    const { run } = await opened(shell, { programs: { yes: { path: "/usr/bin/yes" } }, output_bytes: 1000 });
    const answer = await run("shell.run", { program: "yes" });
    expect(answer).toMatchObject({ stopped: "output", truncated: true, signal: "SIGTERM" });
    expect(answer["stdout"]).toHaveLength(1000);
  });

  test("as many run as may, and no more", async () => {
    const path = teller(scratch(), "sleep 0.5");
    const { run } = await opened(shell, { programs: { tell: { path } }, at_a_time: 1 });
    const first = run("shell.run", { program: "tell" });
    await expect(run("shell.run", { program: "tell" })).rejects.toThrow(/1 programs at a time/);
    await first;
    await expect(run("shell.run", { program: "tell" })).resolves.toMatchObject({ exit_code: 0 });
  });

  test("does not read what it was not given", async () => {
    const { run } = await opened(shell, { programs: { cat: { path: "/bin/cat" } } });
    expect(await run("shell.run", { program: "cat" })).toMatchObject({ stdout: "", exit_code: 0 });
  });
});

const openFiles = () => readdirSync(`/proc/${process.pid}/fd`).length;

test("no open files are left behind", async () => {
  const { run } = await opened(shell, { programs: { tell: { path: teller(scratch()) } }, roots: { site: scratch() } });
  await run("shell.run", { program: "tell" });
  const before = openFiles();
  for (let round = 0; round < 5; round += 1) await run("shell.run", { program: "tell" });
  expect(openFiles()).toBeLessThanOrEqual(before);
});
