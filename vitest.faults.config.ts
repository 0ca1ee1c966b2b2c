import { defineConfig } from "vitest/config";
import { faultsProject, workerWith } from "./test/faults/support/project.ts";

/** Every tool at homes and with objects that fail: `npm run faults`. The other tests run a short form of it. */
export default defineConfig({
  test: {
    projects: [
      faultsProject("whole"),
      {
        plugins: [workerWith({})],
        test: {
          name: "front",
          include: ["test/faults/front/**/*.test.ts"],
          globalSetup: ["test/faults/support/setup.ts"],
          testTimeout: 60_000,
        },
      },
      {
        test: {
          name: "restarts",
          include: ["test/faults/node/**/*.test.ts"],
          testTimeout: 600_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
