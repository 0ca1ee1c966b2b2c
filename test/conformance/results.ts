import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

/** One statement of the suite about what it saw. */
const Check = z.object({
  id: z.string(),
  status: z.enum(["SUCCESS", "FAILURE", "WARNING", "SKIPPED", "INFO"]),
  errorMessage: z.string().optional(),
});

export type Check = z.infer<typeof Check>;

/** What the suite wrote down of one scenario. */
export interface Scenario {
  readonly name: string;
  readonly checks: readonly Check[];
}

/** The suite names a folder after the kind of run, the scenario and the time. */
const FOLDER = /^(?:server|authorization-server)-(?<name>.+)-\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}-\d{3}Z$/;

/** The scenario that a folder of results is about; `undefined` for any other folder. */
export const scenarioOf = (folder: string): string | undefined => FOLDER.exec(folder)?.groups?.["name"];

/** The suite writes no checks of a scenario that it could not run. */
async function checksIn(folder: string): Promise<readonly Check[]> {
  let text: string;
  try {
    text = await readFile(join(folder, "checks.json"), "utf8");
  } catch {
    return [{ id: "not-run", status: "FAILURE", errorMessage: "The suite could not run this scenario." }];
  }
  return z.array(Check).parse(JSON.parse(text));
}

/** All that the suite wrote into a folder, in the order of the names. */
export async function readResults(folder: string): Promise<readonly Scenario[]> {
  const names = (await readdir(folder)).toSorted();
  const read = names.map(async (each) => {
    const name = scenarioOf(each);
    return name === undefined ? [] : [{ name, checks: await checksIn(join(folder, each)) }];
  });
  return (await Promise.all(read)).flat();
}
