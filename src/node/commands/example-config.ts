import { exampleConfig } from "../config.ts";
import { type Command, COMMON_HELP, EXIT } from "./command.ts";

export const exampleConfigCommand: Command = {
  name: "example-config",
  about: "print a configuration to begin with",
  usage: `pimcp node example-config [options]

Prints a configuration in which everything is in its place, and off.

${COMMON_HELP}`,
  options: {},
  takes: 0,
  run(_options, _args, { plugins, print }) {
    print(exampleConfig(plugins));
    return Promise.resolve(EXIT.ok);
  },
};
