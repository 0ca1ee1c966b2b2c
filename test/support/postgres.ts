import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { getuid } from "node:process";
import pg from "pg";
import { freePort } from "../../scripts/support/wrangler.ts";

export interface Postgres {
  /** Address for its superuser. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Where the server's programs may lie: Debian has them in none of the usual folders. */
function programs(): string | undefined {
  const debian = "/usr/lib/postgresql";
  const versions = existsSync(debian) ? readdirSync(debian).map((version) => join(debian, version, "bin")) : [];
  const folders = [...versions.toReversed(), ...(process.env["PATH"] ?? "").split(delimiter)];
  return folders.find((folder) => existsSync(join(folder, "initdb")));
}

/** Whether there is a PostgreSQL to test with: one that `TEST_POSTGRES_URL` names, or programs to start one. */
export const hasPostgres = (): boolean => process.env["TEST_POSTGRES_URL"] !== undefined || programs() !== undefined;

/** A real PostgreSQL server: that of `TEST_POSTGRES_URL`, or one that is started for this. */
export async function startPostgres(): Promise<Postgres> {
  const given = process.env["TEST_POSTGRES_URL"];
  if (given !== undefined) return { url: given, stop: async () => undefined };
  const folder = mkdtempSync(join(tmpdir(), "pimcp-postgres-"));
  const account = getuid?.() === 0 ? nobody() : undefined;
  if (account !== undefined) chownSync(folder, account.uid, account.gid);
  const data = join(folder, "data");
  const bin = programs() ?? "";
  const options = { ...account, cwd: folder, stdio: "ignore" } as const;
  execFileSync(join(bin, "initdb"), ["-D", data, "-U", "owner", "-A", "trust", "-E", "UTF8", "--no-sync"], options);
  const port = await freePort();
  const settings = ["fsync=off", "unix_socket_directories=", "listen_addresses=127.0.0.1", `port=${port}`];
  const server = spawn(join(bin, "postgres"), ["-D", data, ...settings.flatMap((each) => ["-c", each])], options);
  const url = `postgres://owner@127.0.0.1:${port}/postgres`;
  await ready(url);
  return {
    url,
    async stop() {
      const ended = new Promise((resolve) => void server.once("exit", resolve));
      // At once, whoever is connected.
      server.kill("SIGINT");
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** It does not run as root. */
function nobody(): { readonly uid: number; readonly gid: number } {
  return { uid: idOf("-u"), gid: idOf("-g") };
}

const idOf = (option: string) => Number(execFileSync("id", [option, "nobody"], { encoding: "utf8" }));

async function ready(url: string): Promise<void> {
  for (let tries = 0; ; tries += 1) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (tries === 200) throw error;
      await new Promise((resolve) => void setTimeout(resolve, 50));
    }
  }
}
