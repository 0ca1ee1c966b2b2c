import { writeFileSync } from "node:fs";
import type { TestProject } from "vitest/node";
import { startHomes } from "./homes.ts";
import { HOME_IDS } from "./places.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the failing homes are steered, and the port of each. */
    homes: { readonly control: string; readonly ports: Readonly<Record<string, number>> };
  }
}

/** Starts the homes of all tests; what the tests of a project found out is written to FAULTS_FILE with its name. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const homes = await startHomes(HOME_IDS);
  project.provide("homes", { control: homes.control, ports: homes.ports });
  return async () => {
    await homes.close();
    const file = process.env["FAULTS_FILE"];
    if (file !== undefined) writeFileSync(`${file}.${project.name}`, JSON.stringify(homes.results));
  };
}
