import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { dirname, resolve } from "node:path";
import { JoinAnswer, type JoinRequest } from "../../federation/wire/identity.ts";
import { JOIN_PATH } from "../../federation/wire/limits.ts";
import { NODE_NAME, type Site, SITES } from "../../federation/wire/manifest.ts";
import { parsedJson } from "../../lib/json.ts";
import { type Config, exampleConfig, parseConfig, readConfigText } from "../config.ts";
import { gatewayOrigin, post, refusalOf } from "../gateway.ts";
import { type Certificate, type Joined, newKey, proofFor, publicHalf, readJoined, writeJoined } from "../joined.ts";
import { Trouble } from "../sentences.ts";
import {
  type Command,
  commandLine,
  COMMON_HELP,
  configFileOf,
  type Context,
  EXIT,
  folderOf,
  type Options,
  textOf,
  UsageError,
} from "./command.ts";
import { runNode } from "./run.ts";

/** A name for this computer, from its host name. */
export function nameFrom(host: string): string {
  const plain = host
    .toLowerCase()
    .replace(/\..*$/, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .slice(0, 32)
    .replaceAll(/^-+|-+$/g, "");
  return NODE_NAME.test(plain) ? plain : "node";
}

function siteOf(options: Options): Site {
  const given = textOf(options, "site") ?? "edge";
  const site = SITES.find((each) => each === given);
  if (site === undefined) throw new UsageError(`--site is edge (in the house) or cloud, not "${given}".`);
  return site;
}

function nameOf(options: Options, config: Config): string {
  const name = textOf(options, "name") ?? config.name ?? nameFrom(hostname());
  if (!NODE_NAME.test(name)) {
    throw new UsageError(`--name must be 1 to 32 lower-case letters, digits and hyphens, such as kitchen-pi.`);
  }
  return name;
}

function certificateOf(options: Options): Certificate | undefined {
  const cert = textOf(options, "cert");
  const key = textOf(options, "key");
  const ca = textOf(options, "ca");
  if (cert === undefined && key === undefined && ca === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new UsageError("--cert and --key go together: both are needed.");
  return { cert: resolve(cert), key: resolve(key), ...(ca === undefined ? {} : { ca: resolve(ca) }) };
}

/** Writes a configuration to begin with, if there is none. */
function beginConfig(path: string, { plugins, tell }: Context): void {
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, exampleConfig(plugins), { mode: 0o600 });
  tell(`Wrote ${path}: switch on there what this node shall offer. It is watched, so no restart is needed.`);
}

type Asked = Omit<Joined, "node_id" | "page">;

async function ask(asked: Asked, enrolment: string | undefined): Promise<JoinAnswer> {
  const { gateway, home, name, site, key, certificate } = asked;
  const request: JoinRequest = {
    home,
    name,
    site,
    key: publicHalf(key),
    proof: await proofFor(asked, JOIN_PATH),
    ...(enrolment === undefined ? {} : { enrolment }),
  };
  const { status, body } = await post(`${gateway}${JOIN_PATH}`, request, certificate);
  const answer = JoinAnswer.safeParse(parsedJson(body));
  if (status >= 200 && status < 300 && answer.success) return answer.data;
  throw new Trouble(`${gateway} did not take this node: ${refusalOf(status, body)}`);
}

function announce({ state, name, code, page }: JoinAnswer, { tell }: Context): void {
  if (state === "adopted") {
    tell(`This node is adopted as ${name}. What it offers is switched on at ${page}.`);
    return;
  }
  tell(`Joined as ${name}. Its code is ${code ?? ""}`);
  tell(`Open ${page}, sign in as the owner, compare the code, and adopt the node. It is forgotten after an hour.`);
}

async function join(options: Options, args: readonly string[], context: Context): Promise<number> {
  const [address] = args;
  const home = textOf(options, "home");
  if (address === undefined)
    throw new UsageError("The gateway's address is missing, such as https://pimcp.example.com.");
  if (home === undefined) throw new UsageError("--home is missing: the id of the home that this node belongs to.");
  const gateway = gatewayOrigin(address);
  const folder = folderOf(options, context);
  const before = readJoined(folder);
  if (before !== undefined && (before.gateway !== gateway || before.home !== home)) {
    throw new Trouble(
      `This computer already is ${before.name} of ${before.home} at ${before.gateway}. Forget it with ${commandLine("pimcp node leave", options)}; or join as a second node with another --state FOLDER.`,
    );
  }
  const file = resolve(configFileOf(options, context));
  beginConfig(file, context);
  const config = parseConfig(readConfigText(file), context.plugins, context.env);
  const certificate = certificateOf(options);
  const asked: Asked = {
    gateway,
    home,
    name: nameOf(options, config),
    site: siteOf(options),
    config: file,
    // The same key again keeps what the owner has agreed to.
    key: before?.key ?? (await newKey()),
    ...(certificate === undefined ? {} : { certificate }),
  };
  const answer = await ask(asked, textOf(options, "enrolment"));
  writeJoined(folder, { ...asked, node_id: answer.node_id, name: answer.name, page: answer.page });
  announce(answer, context);
  if (options["no-wait"] === true) {
    context.tell(`Start it with ${commandLine("pimcp node run", options)}.`);
    return EXIT.ok;
  }
  return runNode(options, context);
}

export const joinCommand: Command = {
  name: "join",
  about: "make this computer a node of a home, and run it",
  usage: `pimcp node join <gateway> --home <id> [options]

Makes a key of this node's own, asks the gateway to let it in, and shows a code. The owner compares the code on the
gateway's page and adopts the node; it waits for that, and runs.

  --home ID          the home that it belongs to
  --name NAME        what it is called there (from the host name)
  --site edge|cloud  whether it is in the house (edge, the default) or anywhere else
  --enrolment TOKEN  from the owner's page: adopted at once
  --config FILE      its configuration (~/.config/pimcp/node.json); one file for each node of this computer
  --cert FILE        client certificate, for gateways that ask for one (mTLS), in PEM form
  --key FILE         its key
  --ca FILE          authority of the gateway's own certificate, if it is a private one
  --no-wait          only join; start it later with \`pimcp node run\`
${COMMON_HELP}`,
  options: {
    home: { type: "string" },
    name: { type: "string" },
    site: { type: "string" },
    enrolment: { type: "string" },
    config: { type: "string" },
    cert: { type: "string" },
    key: { type: "string" },
    ca: { type: "string" },
    "no-wait": { type: "boolean" },
  },
  takes: 1,
  run: join,
};
