import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { fail } from "./fail.ts";

/** The version of Kubernetes that is built. */
const VERSION = "1.32.13";

const CACHE = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "pimcp");

/** What `go mod download -json` says. */
const Downloaded = z.object({ GoMod: z.string() });

function has(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/**
 * The go.mod of a module from which kube-apiserver can be built. That of Kubernetes itself replaces its parts by
 * folders which its published module does not hold; they are published as modules of their own.
 */
function goMod(published: string): string {
  const parts = [...published.matchAll(/^\s*(k8s\.io\/[a-z-]+) => \.\/staging\//gm)].map(([, name = ""]) => name);
  return [
    "module kube-apiserver-build",
    `go ${/^go (\S+)$/m.exec(published)?.[1] ?? "1.23.0"}`,
    `require k8s.io/kubernetes v${VERSION}`,
    ...parts.map((name) => `replace ${name} => ${name} v${VERSION.replace(/^1\./, "0.")}`),
  ].join("\n\n");
}

function build(target: string): void {
  const folder = mkdtempSync(join(tmpdir(), "kube-build-"));
  const env = { ...process.env, GOFLAGS: "-mod=mod", GOWORK: "off", CGO_ENABLED: "0" };
  try {
    const [, major, minor] = /^(\d+)\.(\d+)/.exec(VERSION) ?? [];
    const name = "k8s.io/component-base/version";
    const flags = `-s -w -X ${name}.gitVersion=v${VERSION} -X ${name}.gitMajor=${major} -X ${name}.gitMinor=${minor}`;
    const run = (command: string, args: readonly string[]) =>
      execFileSync(command, args, { cwd: folder, env, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
    const { GoMod } = Downloaded.parse(
      JSON.parse(run("go", ["mod", "download", "-json", `k8s.io/kubernetes@v${VERSION}`])),
    );
    writeFileSync(join(folder, "go.mod"), goMod(readFileSync(GoMod, "utf8")));
    const made = join(folder, "kube-apiserver");
    run("nice", ["go", "build", "-trimpath", "-o", made, "-ldflags", flags, "k8s.io/kubernetes/cmd/kube-apiserver"]);
    mkdirSync(CACHE, { recursive: true });
    execFileSync("cp", [made, `${target}.new`]);
    renameSync(`${target}.new`, target);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The path of a kube-apiserver: built on first use, from its own source, and kept in the user's cache. */
export function kubeApiserver(): string {
  const target = join(CACHE, `kube-apiserver-v${VERSION}`);
  if (existsSync(target)) return target;
  if (!has("go", "version")) fail("Building kube-apiserver needs Go 1.23 or newer: https://go.dev/dl/.");
  console.log(`Building kube-apiserver ${VERSION}: about ten minutes, once.`);
  build(target);
  return target;
}

/** @returns the command of etcd, which is not built */
export function etcd(): string {
  if (has("etcd", "--version")) return "etcd";
  return fail("etcd is missing: apt-get install etcd-server, or brew install etcd.");
}
