import { spawn } from "node:child_process";
import { join } from "node:path";
import { startKube } from "./support/kube.ts";
import { ROOT } from "./support/wrangler.ts";

/** Runs the pods' tests against a real Kubernetes API server of this machine; see `test/k8s`. */

const VITEST = join(ROOT, "node_modules/vitest/vitest.mjs");

const kube = await startKube();
const child = spawn(process.execPath, [VITEST, "run", "--project", "k8s"], {
  cwd: ROOT,
  env: { ...process.env, KUBE_URL: kube.url, KUBE_ADMIN_TOKEN: kube.adminToken, NODE_EXTRA_CA_CERTS: kube.caFile },
  stdio: "inherit",
});
// Ctrl-C reaches the tests as well: they end, and with them what was started here.
process.on("SIGINT", () => undefined);
const code = await new Promise<number>((resolve) => {
  child.once("exit", (status) => resolve(status ?? 1));
});
await kube.stop();
process.exit(code);
