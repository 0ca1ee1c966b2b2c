import { parseArgs } from "node:util";
import { serveDemoHome } from "../src/demo/serve.ts";
import { fail } from "./support/fail.ts";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: process.env["PORT"] ?? "8080" },
    dialect: { type: "string", default: process.env["DEMO_DIALECT"] ?? "documented" },
  },
});

const port = Number(values.port);
if (!Number.isInteger(port) || port < 1 || port > 65_535)
  fail(`The port must be a number from 1 to 65535, not "${values.port}".`);
const { dialect } = values;
if (dialect !== "documented" && dialect !== "released") {
  fail(`The dialect must be "documented" or "released", not "${dialect}".`);
}

try {
  const home = await serveDemoHome({ port, dialect });
  console.log(`
  The demo home (${dialect} dialect) answers at ${home.url}
  Use it with:  PI_CONTROLLER_URL=${home.url} npm start
  Accounts:     viewer / viewer-demo, operator / operator-demo, admin / admin-demo
`);
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}
