import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import type { Config, EnabledPlugin, ServerSettings } from "./config.ts";
import { type Environment, privateFolder } from "./folders.ts";
import { type McpServer, startMcpServer } from "./mcp-server.ts";
import { type Offer, type Offered, offerOf, type Source } from "./offer.ts";
import { type AnyPlugin, type OpenPlugin, type PluginHost, Refusal, type SharedNotes } from "./plugin.ts";
import { offeredBy } from "./plugin-source.ts";
import { whyOf } from "./sentences.ts";

export interface SourcesParts {
  /** The node's own folder. */
  readonly folder: string;
  readonly env: Environment;
  /** "pimcp/0.1.0", for MCP servers. */
  readonly agent: string;
  /** The home's shared context, as who it is written by. */
  readonly notes: (via: string) => SharedNotes;
  /** What is offered has changed. */
  readonly changed: () => void;
  readonly tell: (line: string) => void;
}

/** Everything that a node offers: its plug-ins and MCP servers, as the configuration has them at the time. */
export interface Sources {
  /** Registers what is new, leaves alone what is the same, and lets go what is not there any more. */
  apply(config: Config): Promise<void>;
  offer(): Offer;
  /** What does not work now, and why; for people. */
  problems(): readonly string[];
  close(): Promise<void>;
}

interface OpenSource {
  readonly plugin: AnyPlugin;
  readonly settings: EnabledPlugin["settings"];
  readonly open: OpenPlugin;
  readonly offered: readonly Offered[];
}

interface RunningServer {
  readonly settings: ServerSettings;
  readonly server: McpServer;
}

/** Makes the sources of a node, with nothing in them. */
export function createSources({ folder, env, agent, notes, changed, tell }: SourcesParts): Sources {
  const plugins = new Map<string, OpenSource>();
  const troubles = new Map<string, string>();
  const servers = new Map<string, RunningServer>();
  let offer: Offer = offerOf([]);
  let applying: Promise<void> = Promise.resolve();

  const refresh = () => {
    const sources: Source[] = [
      ...[...plugins].map(([name, { offered }]) => ({ name: `the plug-in ${name}`, offered })),
      ...[...servers].map(([name, { server }]) => ({ name: `the MCP server ${name}`, offered: server.offered() })),
    ];
    offer = offerOf(sources);
    changed();
  };

  const hostOf = (plugin: string): PluginHost => ({
    notes: notes(`plug-in ${plugin}`),
    folder: (name) => privateFolder(join(folder, "plugins", name)),
    env: (name) => env[name],
    call(capability, input, call) {
      const found = offer.byName.get(capability);
      if (found === undefined) throw new Refusal(`This node does not offer ${capability}, which this needs.`);
      return found.run(input, call);
    },
  });

  /** What fails here must not hold up what comes after it. */
  const letGo = async (name: string, open: OpenPlugin) => {
    try {
      await open.close();
    } catch (error) {
      tell(`The plug-in ${name} was not closed in good order: ${whyOf(error)}`);
    }
  };

  const openPlugin = async ({ plugin, settings }: EnabledPlugin) => {
    const before = plugins.get(plugin.name);
    if (before !== undefined && before.plugin === plugin && isDeepStrictEqual(before.settings, settings)) return;
    try {
      const open = await plugin.open(settings, hostOf(plugin.name));
      const offered = open.tools.map((tool) => offeredBy(tool));
      plugins.set(plugin.name, { plugin, settings, open, offered });
      troubles.delete(plugin.name);
      tell(`The plug-in ${plugin.name} is on: ${offered.map(({ capability }) => capability.name).join(", ")}.`);
    } catch (error) {
      const kept = before === undefined ? "It is off." : "It goes on as it was.";
      const trouble = `The plug-in ${plugin.name} cannot work with its settings: ${whyOf(error)} ${kept}`;
      troubles.set(plugin.name, trouble);
      tell(trouble);
      return;
    }
    if (before !== undefined) await letGo(plugin.name, before.open);
  };

  const applyPlugins = async (wanted: readonly EnabledPlugin[]) => {
    const names = new Set(wanted.map(({ plugin }) => plugin.name));
    for (const name of troubles.keys()) if (!names.has(name)) troubles.delete(name);
    for (const [name, { open }] of plugins) {
      if (names.has(name)) continue;
      plugins.delete(name);
      refresh();
      tell(`The plug-in ${name} is off.`);
      await letGo(name, open);
    }
    for (const each of wanted) await openPlugin(each);
  };

  const applyServers = async (wanted: Config["servers"]) => {
    for (const [name, { settings, server }] of servers) {
      if (isDeepStrictEqual(wanted.get(name), settings)) continue;
      servers.delete(name);
      refresh();
      await server.close();
    }
    for (const [name, settings] of wanted) {
      if (servers.has(name)) continue;
      servers.set(name, { settings, server: startMcpServer({ name, settings, agent, changed: refresh, tell }) });
    }
  };

  const settle = async (config: Config) => {
    await applyPlugins(config.plugins);
    await applyServers(config.servers);
    refresh();
  };

  return {
    apply(config) {
      applying = applying.then(() => settle(config));
      return applying;
    },
    offer: () => offer,
    problems: () => [
      ...troubles.values(),
      ...[...servers.values()].flatMap(({ server }) => server.problem() ?? []),
      ...offer.problems,
    ],
    async close() {
      await applying;
      await Promise.allSettled([
        ...[...plugins.values()].map(({ open }) => open.close()),
        ...[...servers.values()].map(({ server }) => server.close()),
      ]);
      plugins.clear();
      servers.clear();
    },
  };
}
