import { Console } from "node:console";
import process from "node:process";

/** Declared in full by `scripts/build-cli.ts`. */
declare const PIMCP_VERSION: string;

/** The oldest Node with an SQLite that waits for its lock. */
const OLDEST = [22, 18] as const;

const HELP = `pimcp: an MCP server, over stdio, for the Raspberry Pi clusters of one home.

It is started by an AI client, whose configuration (.mcp.json) sets:
  PI_CONTROLLER_URL          address of the home's pi-controller, such as http://pi-controller.local:8080
  PI_CONTROLLER_USERNAME     account there that the AI acts as
  PI_CONTROLLER_PASSWORD     its password
and may set:
  PIMCP_LEVEL                what the AI may do at most: viewer, operator (the default) or admin
  PI_CONTROLLER_TLS_CA_CERT  file with the certificate of a private authority, in PEM form
  PI_CONTROLLER_TLS_VERIFY   "false": believe any certificate
  PI_CONTROLLER_TIMEOUT      the longest that one request may take, in milliseconds (30000)
  PI_CONTROLLER_PINS         how the controller numbers GPIO pins: bcm (the default) or header
  PIMCP_STATE                folder of what is kept, such as reservations
  CONFIRM                    "never": what cannot be undone is done without asking

With "pimcp node" this computer becomes a node of a home's gateway: see pimcp node --help.
With "pimcp context" it shares notes with the home's people, AI clients and other nodes: see pimcp context --help.
"pimcp verify-activity FILE" checks an export of a home's activity record.

Options: --help, --version
`;

function isOld(): boolean {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  return major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1]);
}

function exit(code: number, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(text);
  process.exit(code);
}

/** Node warns that its SQLite is new. What is to be warned of here is in the log. */
function quietAboutSqlite(): void {
  process.removeAllListeners("warning");
}

const [option, ...more] = process.argv.slice(2);
if (isOld()) {
  exit(
    1,
    `pimcp needs Node ${OLDEST.join(".")} or newer, and this is ${process.versions.node}. Install a newer Node.\n`,
  );
}
if (option === "--help" || option === "-h") exit(0, HELP);
if (option === "--version" || option === "-v") exit(0, `${PIMCP_VERSION}\n`);
if (option === "node" || option === "context") {
  quietAboutSqlite();
  const { nodeMain } = await import("../node/main.ts");
  process.exit(await nodeMain({ group: option, argv: more, version: PIMCP_VERSION }));
}
if (option === "verify-activity") {
  const { verifyActivity } = await import("./verify-activity.ts");
  const { code, text } = verifyActivity(more);
  exit(code, text);
}
if (option !== undefined || more.length > 0) exit(1, `pimcp has no option "${option}"; see pimcp --help.\n`);

// Standard output is the protocol's alone: whatever is printed goes to standard error.
Object.assign(globalThis, { console: new Console(process.stderr, process.stderr) });
// A client that is killed takes its end of the pipes along; what is left to do is done all the same.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
quietAboutSqlite();

const { main } = await import("./main.ts");
await main();
