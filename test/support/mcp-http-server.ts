import { serve } from "@hono/node-server";
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server";
import { z } from "zod";

/** An MCP server of the 2026 era over HTTP, for tests of nodes. */
export interface HttpServer {
  readonly url: string;
  /** Values of the header `authorization` that came. */
  readonly authorizations: Set<string>;
  /** Offers one tool more, and says so. */
  grow(): void;
  close(): Promise<void>;
}

const text = (words: string) => ({ content: [{ type: "text" as const, text: words }] });

/** @param port 0 takes any free one */
export async function startHttpServer(port = 0): Promise<HttpServer> {
  let grown = false;
  const authorizations = new Set<string>();
  const handler = createMcpHandler(() => {
    const server = new McpServer(
      { name: "newer", version: "1.0.0" },
      { capabilities: { tools: { listChanged: true } } },
    );
    server.registerTool(
      "add",
      {
        description: "Adds.",
        inputSchema: z.object({ a: z.number(), b: z.number() }),
        outputSchema: z.object({ sum: z.number() }),
      },
      ({ a, b }) => ({ ...text(String(a + b)), structuredContent: { sum: a + b } }),
    );
    if (grown) server.registerTool("subtract", { description: "Subtracts." }, () => text("less"));
    return server;
  });
  return new Promise((resolve) => {
    const server = serve(
      {
        port,
        hostname: "127.0.0.1",
        fetch(request: Request) {
          authorizations.add(request.headers.get("authorization") ?? "");
          return handler.fetch(request);
        },
      },
      (info) =>
        resolve({
          url: `http://127.0.0.1:${info.port}/mcp`,
          authorizations,
          grow() {
            grown = true;
            handler.notify.toolsChanged();
          },
          close: () =>
            new Promise((closed) => {
              server.close(() => closed());
              if ("closeAllConnections" in server) server.closeAllConnections();
            }),
        }),
    );
  });
}
