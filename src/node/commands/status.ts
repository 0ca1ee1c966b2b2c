import { askStatus } from "../control.ts";
import { readJoined } from "../joined.ts";
import { capabilityLine } from "../standing.ts";
import type { NodeStatus } from "../status.ts";
import { type Command, commandLine, COMMON_HELP, EXIT, folderOf } from "./command.ts";

const list = (title: string, lines: readonly string[]) =>
  lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`)];

function linkLines({ connected_since, trouble, standing, page }: NodeStatus): string[] {
  if (connected_since === null) return [`Not connected. ${trouble ?? ""}`.trim()];
  const since = `Connected since ${new Date(connected_since).toISOString()}.`;
  if (standing?.state !== "pending") return [since];
  return [since, `It waits for its owner: compare the code ${standing.code ?? ""} at ${page}, and adopt it there.`];
}

function healthLine({ load, temperature_c, throttled, memory_free_mb }: NonNullable<NodeStatus["health"]>): string {
  const parts = [
    load === null ? undefined : `load ${load} of each core`,
    temperature_c === null ? undefined : `${temperature_c} °C`,
    memory_free_mb === null ? undefined : `${memory_free_mb} MB free`,
    ...throttled,
  ];
  return `Health: ${parts.filter((part) => part !== undefined).join(", ")}.`;
}

/** How a running node is, for people. */
export function statusText(status: NodeStatus): string {
  const { standing, gateway, home, pid, offered, calls, problems, health, config } = status;
  const known = standing?.capabilities ?? [];
  const named = new Set(known.map(({ name }) => name));
  return [
    `${standing?.name ?? status.node_id}, a node of ${home} at ${gateway}, process ${pid}.`,
    ...linkLines(status),
    ...list("What it offers:", [
      ...known.map((each) => capabilityLine(each)),
      ...offered.filter((name) => !named.has(name)).map((name) => `${name}: the gateway does not know of it yet.`),
    ]),
    ...(offered.length === 0 ? [`It offers nothing yet: switch something on in ${config}.`] : []),
    ...list("Problems:", problems),
    `Calls at work: ${calls}.`,
    ...(health === null ? [] : [healthLine(health)]),
    "",
  ].join("\n");
}

export const statusCommand: Command = {
  name: "status",
  about: "how the node is: its link, what of it is switched on, what does not work",
  usage: `pimcp node status [options]

Asks the running node how it is. It ends with 0 if that is connected, else with 1.

  --json             for programs
${COMMON_HELP}`,
  options: { json: { type: "boolean" } },
  takes: 0,
  async run(options, _args, context) {
    const folder = folderOf(options, context);
    const status = await askStatus(folder);
    if (status !== undefined) {
      context.print(options["json"] === true ? `${JSON.stringify(status, undefined, 2)}\n` : statusText(status));
      return status.connected_since === null ? EXIT.failed : EXIT.ok;
    }
    const joined = readJoined(folder);
    if (options["json"] === true) {
      context.print(`${JSON.stringify({ running: false, joined: joined !== undefined })}\n`);
    } else if (joined === undefined) {
      context.print("This computer is no node yet. Join a home: `pimcp node join <gateway> --home <id>`.\n");
    } else {
      context.print(
        `${joined.name}, a node of ${joined.home} at ${joined.gateway}, does not run. Start it with ${commandLine("pimcp node run", options)}, or for good with ${commandLine("pimcp node install-service", options)}.\n`,
      );
    }
    return EXIT.failed;
  },
};
