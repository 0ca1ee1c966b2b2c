#!/usr/bin/env node
// Stands for wrangler and Cloudflare behind it: records each call, and answers as FAKE_CLOUDFLARE (JSON) tells.
import { appendFileSync, readFileSync, statSync, writeFileSync } from "node:fs";

const args = process.argv.slice(2);
const {
  loggedIn = true,
  accounts = [{ id: "acc1", name: "Home" }],
  secrets,
  deployCode = 0,
  listError,
} = JSON.parse(process.env.FAKE_CLOUDFLARE ?? "{}");
const flag = args.indexOf("--secrets-file");
const file = flag < 0 ? undefined : args[flag + 1];
const call = {
  args,
  account: process.env.CLOUDFLARE_ACCOUNT_ID ?? null,
  secrets: file === undefined ? null : JSON.parse(readFileSync(file, "utf8")),
  mode: file === undefined ? null : statSync(file).mode & 0o777,
};
appendFileSync(process.env.FAKE_LOG, `${JSON.stringify(call)}\n`);

const answers = {
  whoami() {
    console.log(`\n${JSON.stringify(loggedIn ? { loggedIn, email: "a@example.com", accounts } : { loggedIn })}`);
    process.exitCode = loggedIn ? 0 : 1;
  },
  secret() {
    const name = args[args.indexOf("--name") + 1];
    if (listError !== undefined || secrets === undefined) {
      console.error(
        listError ?? `✘ [ERROR] Worker "${name}" not found.\n\nIf this is a new Worker, run \`wrangler deploy\``,
      );
      process.exitCode = 1;
    } else
      console.log(
        JSON.stringify(
          secrets.map((each) => ({ name: each, type: "secret_text" })),
          undefined,
          2,
        ),
      );
  },
  deploy() {
    const line = { type: "deploy", version: 1, targets: ["https://pimcp.anna.workers.dev"] };
    if (deployCode === 0) writeFileSync(process.env.WRANGLER_OUTPUT_FILE_PATH, `${JSON.stringify(line)}\n`);
    process.exitCode = deployCode;
  },
};
answers[args[0]]?.();
