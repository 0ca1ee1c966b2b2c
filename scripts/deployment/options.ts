import { parseArgs } from "node:util";
import { DeployError } from "./world.ts";

const USAGE =
  "npm run deploy -- [--env staging] [--set NAME=value …] [--rotate-key] [--dry-run] [--no-questions] [--delete-data]";

/** What the command line asks for. */
export interface Options {
  readonly environment: string | undefined;
  readonly set: readonly string[];
  readonly rotate: boolean;
  readonly dryRun: boolean;
  readonly questions: boolean;
  readonly deleteData: boolean;
}

/** @throws DeployError for what is not known */
export function optionsOf(args: readonly string[]): Options {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        env: { type: "string" },
        set: { type: "string", multiple: true, default: [] },
        "rotate-key": { type: "boolean", default: false },
        "dry-run": { type: "boolean", default: false },
        "no-questions": { type: "boolean", default: false },
        "delete-data": { type: "boolean", default: false },
      },
    });
    return {
      environment: values.env === "" ? undefined : values.env,
      set: values.set,
      rotate: values["rotate-key"],
      dryRun: values["dry-run"],
      questions: !values["no-questions"],
      deleteData: values["delete-data"],
    };
  } catch (error) {
    throw new DeployError(`${error instanceof Error ? error.message : String(error)}\n  ${USAGE}`);
  }
}
