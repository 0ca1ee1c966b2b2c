import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { HOMES } from "./places.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** `short`: the changes, and what would do them twice or tell them falsely first. */
    faults: "whole" | "short";
  }
}

const TOKEN_KEY = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64");

/** A Worker in the same isolate as its tests. @param bindings what it has beside the usual */
export const workerWith = (bindings: Readonly<Record<string, string>>) =>
  cloudflareTest({
    wrangler: { configPath: "./wrangler.toml" },
    miniflare: { bindings: { TOKEN_KEY, ENVIRONMENT: "development", LIMITS: "off", ...bindings } },
  });

/** Every tool at homes and with objects that fail. */
export const faultsProject = (form: "whole" | "short") => ({
  plugins: [workerWith({ HOMES: JSON.stringify(HOMES) })],
  test: {
    name: "faults",
    include: ["test/faults/worker/**/*.test.ts"],
    globalSetup: ["test/faults/support/setup.ts"],
    provide: { faults: form },
    testTimeout: 600_000,
    hookTimeout: 120_000,
    // A home that hangs keeps its tool waiting, and no other.
    maxConcurrency: 50,
  },
});
