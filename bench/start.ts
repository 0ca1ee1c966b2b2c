import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT } from "../scripts/support/wrangler.ts";
import { bundle } from "./bundle.ts";
import { type Runtime, startRuntime } from "./runtime.ts";
import { quantile } from "./stats.ts";

/** How large the Worker is, and how soon a fresh one answers, beside one that does nothing. */

const CONFIG = join(ROOT, "wrangler.toml");

/** What a Worker's start is compared with, under the same configuration. @param classes of its objects, which do nothing */
const helloWith = (classes: ReadonlySet<string>) =>
  [
    'import { DurableObject } from "cloudflare:workers";',
    ...[...classes].map((name) => `export class ${name} extends DurableObject {}`),
    'export default { fetch: () => new Response("hello") };',
    "",
  ].join("\n");

export interface Started {
  /** Of the bundle as it is deployed. */
  readonly gzip_bytes: number;
  readonly starts: number;
  /** From the start of the runtime's process until it takes requests, the median in milliseconds. */
  readonly start_ms: number;
  /** What a Worker that does nothing takes for that, started by turns with ours. */
  readonly hello_start_ms: number;
  /** The first answer of a fresh runtime, the median in milliseconds. */
  readonly first_ms: number;
  readonly hello_first_ms: number;
  /** Processor time that the runtime has used by then, the median in milliseconds; absent where the system does not tell it. */
  readonly cpu_ms?: number;
  readonly hello_cpu_ms?: number;
}

/** The size of a bundle in bytes, compressed as Cloudflare counts it. */
export const gzipBytes = async (module: string): Promise<number> => gzipSync(await readFile(module)).byteLength;

interface Site {
  readonly config: string;
  readonly module: string;
  readonly variables: Readonly<Record<string, string>>;
  readonly firstPath: string;
}

interface Start extends Pick<Runtime, "startMs" | "firstMs"> {
  readonly cpuMs: number;
}

/** Starts a runtime with new storage and ends it. */
async function startOnce(site: Site, state: string): Promise<Start> {
  const runtime = await startRuntime({ ...site, variables: { ...site.variables }, state });
  const cpuMs = runtime.cpuMs() ?? Number.NaN;
  await runtime.stop();
  return { startMs: runtime.startMs, firstMs: runtime.firstMs, cpuMs };
}

const median = (values: readonly number[]) =>
  Number(
    quantile(
      [...values].toSorted((a, b) => a - b),
      0.5,
    ).toFixed(1),
  );

const VARIABLES = { ENVIRONMENT: "development", TOKEN_KEY: Buffer.alloc(32, 7).toString("base64") };

// Without a token: the whole of the Worker is made ready, and refuses.
const siteOf = (module: string): Site => ({ config: CONFIG, module, variables: VARIABLES, firstPath: "/mcp" });

async function helloIn(folder: string): Promise<Site> {
  const classes = (await readFile(CONFIG, "utf8")).matchAll(/class_name = "(\w+)"/g);
  const module = join(folder, "hello.js");
  await writeFile(module, helloWith(new Set([...classes].map(([, name = ""]) => name))));
  return siteOf(module);
}

/** Starts the Worker again and again, by turns with one that does nothing. */
export async function measureStart(starts: number): Promise<Started> {
  await mkdir(join(ROOT, ".wrangler"), { recursive: true });
  const folder = await mkdtemp(join(ROOT, ".wrangler/start-"));
  try {
    const [ours, hello] = [siteOf(await bundle(CONFIG, join(folder, "bundle"))), await helloIn(folder)];
    const own: Start[] = [];
    const other: Start[] = [];
    for (let round = 0; round < starts; round += 1) {
      // oxlint-disable no-await-in-loop -- by turns: nothing may run beside what is measured
      own.push(await startOnce(ours, join(folder, `ours-${round}`)));
      other.push(await startOnce(hello, join(folder, `hello-${round}`)));
      // oxlint-enable no-await-in-loop
    }
    const [cpu_ms, hello_cpu_ms] = [own, other].map((each) => median(each.map(({ cpuMs }) => cpuMs)));
    return {
      ...(cpu_ms === undefined || hello_cpu_ms === undefined || Number.isNaN(cpu_ms) ? {} : { cpu_ms, hello_cpu_ms }),
      gzip_bytes: await gzipBytes(ours.module),
      starts,
      start_ms: median(own.map(({ startMs }) => startMs)),
      hello_start_ms: median(other.map(({ startMs }) => startMs)),
      first_ms: median(own.map(({ firstMs }) => firstMs)),
      hello_first_ms: median(other.map(({ firstMs }) => firstMs)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
