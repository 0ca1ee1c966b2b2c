import { type ChildProcess, spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fail } from "./fail.ts";
import { etcd, kubeApiserver } from "./kube-build.ts";
import { freePort } from "./wrangler.ts";

/** A Kubernetes API server that runs on this machine. */
export interface Kube {
  readonly url: string;
  /** A file with the certificate that its address is proved by. */
  readonly caFile: string;
  /** Of an account that may do everything. */
  readonly adminToken: string;
  stop(): Promise<void>;
}

/** Until the servers answer, in milliseconds. */
const START_MS = 90_000;
const POLL_MS = 250;

function started(command: string, args: readonly string[], logFile: string): ChildProcess {
  const log = openSync(logFile, "w");
  return spawn(command, args, { stdio: ["ignore", log, log] });
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGTERM");
  });
}

function isReady(url: string, caFile: string, token: string): Promise<boolean> {
  return new Promise((resolve) => {
    try {
      const options = { ca: readFileSync(caFile), headers: { authorization: `Bearer ${token}` } };
      get(`${url}/readyz`, options, (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      }).once("error", () => resolve(false));
    } catch {
      // The certificate is not written yet.
      resolve(false);
    }
  });
}

/** The secret of one run; nobody else is on this machine's loopback, and it ends with the run. */
const ADMIN_TOKEN = crypto.randomUUID();

/** Starts etcd and kube-apiserver on free ports of this machine; all they write is in a folder that `stop` removes. */
export async function startKube(): Promise<Kube> {
  const apiserver = kubeApiserver();
  const folder = mkdtempSync(join(tmpdir(), "kube-"));
  const at = (name: string) => join(folder, name);
  const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
  const keys = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
  writeFileSync(at("sa.key"), keys.privateKey, { mode: 0o600 });
  writeFileSync(at("sa.pub"), keys.publicKey);
  writeFileSync(at("tokens.csv"), `${ADMIN_TOKEN},admin,admin,system:masters\n`, { mode: 0o600 });

  const clientUrl = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  const store = started(
    etcd(),
    [
      `--data-dir=${at("etcd")}`,
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
      `--initial-cluster=default=${peerUrl}`,
    ],
    at("etcd.log"),
  );
  const server = started(
    apiserver,
    [
      `--etcd-servers=${clientUrl}`,
      "--bind-address=127.0.0.1",
      "--advertise-address=127.0.0.1",
      `--secure-port=${port}`,
      `--cert-dir=${at("certs")}`,
      "--authorization-mode=RBAC",
      // As K3s sets it.
      "--anonymous-auth=false",
      "--allow-privileged=true",
      `--token-auth-file=${at("tokens.csv")}`,
      "--service-account-issuer=https://kubernetes.default.svc",
      `--service-account-key-file=${at("sa.pub")}`,
      `--service-account-signing-key-file=${at("sa.key")}`,
      "--service-cluster-ip-range=10.43.0.0/16",
    ],
    at("kube-apiserver.log"),
  );
  const stop = async () => {
    await ended(server);
    await ended(store);
    rmSync(folder, { recursive: true });
  };
  const url = `https://127.0.0.1:${port}`;
  const caFile = at("certs/apiserver.crt");
  const until = Date.now() + START_MS;
  while (!(await isReady(url, caFile, ADMIN_TOKEN))) {
    if (Date.now() > until || server.exitCode !== null || store.exitCode !== null) {
      const log = readFileSync(at("kube-apiserver.log"), "utf8").slice(-2000);
      await stop();
      fail(`kube-apiserver did not start:\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return { url, caFile, adminToken: ADMIN_TOKEN, stop };
}
