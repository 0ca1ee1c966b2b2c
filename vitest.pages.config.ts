import { defineConfig } from "vitest/config";

/** The pages for people in a real Chromium: `npm run test:pages`. Apart from the other tests, which need no browser. */
export default defineConfig({
  test: {
    name: "pages",
    include: ["test/pages/**/*.test.ts"],
    globalSetup: ["test/pages/gateways.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Each file has a browser of its own, which mostly waits for the demo home's latencies.
    maxWorkers: 4,
  },
});
