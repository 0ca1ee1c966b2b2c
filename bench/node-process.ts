import { createServer } from "node:http";
import process from "node:process";
import { z } from "zod";
import { nodeMain } from "../src/node/main.ts";
import { definePlugin, definePluginTool, SWITCH } from "../src/node/plugin.ts";

/** A real node with one tool, which can also be called directly, by HTTP, in the same process. */

const echo = definePluginTool({
  capability: {
    name: "bench.echo",
    title: "Echo",
    description: "Gives back what it is given.",
    hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
    weight: "light",
  },
  input: z.strictObject({ text: z.string() }),
  run: ({ text }) => Promise.resolve({ text }),
});

const plugin = definePlugin({
  name: "bench",
  about: "Echoes, for the bench.",
  settings: z.strictObject({ ...SWITCH }),
  open: () => Promise.resolve({ tools: [echo], close: () => Promise.resolve() }),
});

const direct = createServer((request, response) => {
  let body = "";
  request.on("data", (data: Buffer) => (body += data.toString()));
  request.once("end", () => {
    const input = echo.input.parse(JSON.parse(body));
    const call = { signal: new AbortController().signal, progress: () => undefined };
    void echo.run(input, call).then((value) => response.end(JSON.stringify(value)));
  });
});
direct.keepAliveTimeout = 600_000;
direct.listen(0, "127.0.0.1", () => {
  const address = direct.address();
  if (typeof address === "object" && address !== null) process.send?.({ port: address.port });
});
process.on("disconnect", () => process.exit(0));

process.exitCode = await nodeMain({ argv: process.argv.slice(2), version: "bench", plugins: [plugin] });
