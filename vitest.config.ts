import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import type { InlineConfig } from "vitest/node";
import { faultsProject } from "./test/faults/support/project.ts";
import { certified, HOME_SECRETS, HOMES, network, privateNetwork } from "./test/support/way.ts";

/** Made for each run: tests need a key, not a particular one. */
const TOKEN_KEY = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64");

/** What needs sockets, files or processes runs in Node; everything else in workerd, where the product runs. */
const IN_NODE = [
  "test/*.test.ts",
  "test/{apps,pi,catalog,cli,e2e,fleet,node,scripts}/**/*.test.ts",
  "test/demo/serve.test.ts",
];

const END_TO_END = "test/e2e/**/*.test.ts";

/** The pins' objects run against a controller in the same isolate, which can be told to fail at any point. */
const PINS = "test/reservations/**/*.test.ts";

/** Homes of all reaches, behind bindings and a network of the tests' own. */
const REACHES = "test/reach/**/*.test.ts";

/**
 * Tests of a whole Worker of their own: they stop all objects, count what one home has, or make its time stand still.
 * The others share one Worker, which is built once for all of them.
 */
const ALONE = [
  "test/whole/**/*.test.ts",
  "test/web/console/**/*.test.ts",
  "test/mcp/{listen,listen-tools}.test.ts",
  "test/security/{authorization,doors,pages,parsers,tokens}.test.ts",
  "test/pace/{home-pace,own-write}.test.ts",
];

/** What runs in a browser has a configuration of its own: `vitest.pages.config.ts`. */
const PAGES = "test/pages/**";

/** Homes and objects that fail have a configuration of their own, and a short form here. */
const FAULTS = "test/faults/**";

/** Against a real Kubernetes API server, which `npm run test:k8s` starts. */
const K8S = "test/k8s/**/*.test.ts";

/** What property tests draw their values from; fast-check names it where one fails. */
function seed(): number {
  const wish = process.env["FC_SEED"] ?? "";
  if (wish === "random") return Math.floor(Math.random() * 2 ** 31);
  const number = wish === "" ? 20_261_121 : Number(wish);
  if (!Number.isInteger(number)) throw new Error('FC_SEED must be a whole number or "random"');
  return number;
}

const PROPERTIES = { setupFiles: ["test/support/fixed-seed.ts"], provide: { seed: seed() } };

declare module "vitest" {
  interface ProvidedContext {
    /** Of all property tests. */
    seed: number;
  }
}

/** The Worker as it is deployed: elsewhere tests are not counted, which all come from one address. */
const LIMITED = "test/limits/worker/**/*.test.ts";

const worker = () =>
  cloudflareTest({
    wrangler: { configPath: "./wrangler.toml" },
    miniflare: { bindings: { TOKEN_KEY, ENVIRONMENT: "development", LIMITS: "off" } },
  });

/** Tests in Node, with a gateway and a home of their project's own. */
const inNode = (name: string, which: Pick<InlineConfig, "include" | "exclude" | "maxWorkers" | "sequence">) => ({
  test: {
    ...PROPERTIES,
    ...which,
    name,
    globalSetup: ["test/support/gateway.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});

export default defineConfig({
  test: {
    projects: [
      {
        plugins: [worker()],
        test: {
          ...PROPERTIES,
          name: "worker",
          isolate: false,
          // The first request builds the whole Worker, which takes seconds on a busy machine.
          testTimeout: 60_000,
          include: ["test/**/*.test.{ts,tsx}"],
          exclude: [...IN_NODE, ...ALONE, PINS, REACHES, LIMITED, PAGES, FAULTS, K8S],
        },
      },
      {
        plugins: [worker()],
        test: { ...PROPERTIES, name: "alone", include: ALONE, testTimeout: 60_000 },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: { bindings: { TOKEN_KEY, ENVIRONMENT: "development" } },
          }),
        ],
        test: { ...PROPERTIES, name: "limits", include: [LIMITED], testTimeout: 60_000 },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                TOKEN_KEY,
                ENVIRONMENT: "development",
                PI_CONTROLLER_URL: "https://home.invalid",
                SOAK_RUNS: process.env["SOAK_RUNS"] ?? "",
              },
            },
          }),
        ],
        test: { ...PROPERTIES, name: "pins", include: [PINS] },
      },
      faultsProject("short"),
      ...(process.env["KUBE_URL"] === undefined
        ? []
        : [{ test: { name: "k8s", include: [K8S], testTimeout: 30_000, hookTimeout: 60_000 } }]),
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: {
              bindings: {
                TOKEN_KEY,
                ENVIRONMENT: "development",
                HOMES: JSON.stringify(HOMES),
                HOME_SECRETS: JSON.stringify(HOME_SECRETS),
              },
              serviceBindings: { HOME_VPC: privateNetwork(), HOME_CERT: certified() },
              outboundService: network(),
            },
          }),
        ],
        // The first call loads the whole Worker.
        test: { name: "reach", include: [REACHES], testTimeout: 60_000 },
      },
      // Most of these wait for other processes. They come after the tests in workerd, which keep a core busy each.
      inNode("node", { include: IN_NODE, exclude: [END_TO_END], maxWorkers: 3, sequence: { groupOrder: 1 } }),
      // One after the other: they tell the one home behind their gateway to misbehave, and count what reaches it.
      inNode("e2e", { include: [END_TO_END], maxWorkers: 1, sequence: { groupOrder: 2 } }),
    ],
  },
});
