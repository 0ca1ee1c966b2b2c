import { serve } from "@hono/node-server";
import { createDemoApp, type DemoOptions } from "./app.ts";
import type { World } from "./state.ts";
import { createWorld, restartController } from "./world.ts";

const HOST = "127.0.0.1";

/** A demo home that listens. */
export interface ServedDemoHome {
  /** Its origin, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly world: World;
  /** Stops it and drops open connections. */
  close(): Promise<void>;
  /** Restarts the controller process: all tokens become invalid. */
  restart(): void;
}

/** As for `createDemoApp`; without a world a new one is made. Port 0 takes any free one. */
export type ServeOptions = Omit<DemoOptions, "world"> & { readonly port: number; readonly world?: World };

type Server = ReturnType<typeof serve>;

function why(error: unknown, port: number): string {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return `Port ${port} on ${HOST} is already in use; choose another one for the demo home.`;
  return `The demo home cannot listen on ${HOST}:${port} (${String(code ?? error)}).`;
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    if ("closeAllConnections" in server) server.closeAllConnections();
  });
}

/**
 * Serves a demo home over TCP on 127.0.0.1.
 * @throws Error with one sentence if it cannot listen
 */
export function serveDemoHome({ port, ...options }: ServeOptions): Promise<ServedDemoHome> {
  const now = options.now ?? Date.now;
  const world = options.world ?? createWorld(now());
  const app = createDemoApp({ ...options, world });
  return new Promise((resolve, reject) => {
    const server = serve({ fetch: app.fetch, port, hostname: HOST }, (info) => {
      resolve({
        url: `http://${HOST}:${info.port}`,
        world,
        close: () => stop(server),
        restart: () => restartController(world, now()),
      });
    });
    server.on("error", (error: unknown) => reject(new Error(why(error, port))));
  });
}
