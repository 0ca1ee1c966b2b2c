import { z } from "zod";

/**
 * A pi-controller that is nothing but pins: the outside world of the reservation tests. It plays the documented
 * dialect, runs in the same isolate as the objects under test, and can be told to fail.
 */

/** How the next answers about a pin come out. */
export type Weather =
  | "fine"
  /** Nothing is reached, nothing is done. */
  | "down"
  /** The write is done, and its answer is lost. */
  | "lost"
  /** The agent of the node does not answer. */
  | "agent-dead"
  /** The pin does not follow what is written. */
  | "stuck"
  /** The login is refused. */
  | "locked-out";

/** One write that was carried out. */
export interface Write {
  readonly gpioId: number;
  readonly value: number;
  /** The `client_id` in the body. */
  readonly by: string | undefined;
}

const Body = z.object({
  value: z.number().optional(),
  client_id: z.string().optional(),
  duration_seconds: z.number().optional(),
  username: z.string().optional(),
});

const json = (body: unknown, status = 200) => Response.json(body, { status });

export class Controller {
  weather: Weather = "fine";
  readonly levels = new Map<number, number>();
  readonly writes: Write[] = [];
  /** Called before a write is carried out. */
  onWrite: (write: Write) => Promise<void> = () => Promise.resolve();
  /** Writes that were asked for, carried out or not. */
  attempts = 0;
  logins = 0;
  /** User names whose password is refused. */
  readonly strangers = new Set<string>();
  /** Statuses that the controller's own reserve and release answer with. */
  reserveStatus = 200;
  releaseStatus = 200;
  /** Bodies of the controller's own reservations, and releases. */
  readonly mirrored: { readonly action: string; readonly client_id: string; readonly seconds: number }[] = [];
  readonly deleted: number[] = [];

  readonly fetch = async (url: string, init: RequestInit): Promise<Response> => {
    if (this.weather === "down") throw new TypeError("network is down");
    const { pathname } = new URL(url);
    const body = Body.parse(typeof init.body === "string" ? JSON.parse(init.body) : {});
    if (pathname === "/api/v1/auth/login") return this.#login(body.username ?? "");
    if (pathname === "/health") return json({ status: "healthy", api_version: "v1.0.0" });
    const [, id, action] = /^\/api\/v1\/gpio\/(\d+)(?:\/(\w+))?$/.exec(pathname) ?? [];
    if (id === undefined) return json({ error: "API endpoint not found" }, 404);
    const gpioId = Number(id);
    if (gpioId > 1_000_000) return json({ error: "Not Found", message: "no such device" }, 404);
    if (init.method === "DELETE") {
      this.deleted.push(gpioId);
      return new Response(null, { status: 204 });
    }
    return this.#pin(gpioId, action, body);
  };

  #login(username: string): Response {
    this.logins += 1;
    if (this.weather === "locked-out" || this.strangers.has(username))
      return json({ error: "Unauthorized", message: "Invalid credentials" }, 401);
    const user = { id: 2, username: "operator", role: "operator" };
    return json({ access_token: `access-${this.logins}`, refresh_token: "refresh", user });
  }

  async #pin(gpioId: number, action: string | undefined, body: z.infer<typeof Body>): Promise<Response> {
    const level = this.levels.get(gpioId) ?? 0;
    switch (action) {
      case undefined:
        return json({ data: { id: gpioId, node_id: 1, pin_number: 18, name: "pump", mode: "output", value: level } });
      case "read":
        if (this.weather === "agent-dead") return json({ error: "x", message: "agent" }, 500);
        return json({ data: { device_id: gpioId, value: level } });
      case "write":
        return this.#write({ gpioId, value: body.value ?? 0, by: body.client_id });
      default:
        return this.#reservation(action, body);
    }
  }

  #reservation(action: string, { client_id = "", duration_seconds: seconds = 0 }: z.infer<typeof Body>): Response {
    this.mirrored.push({ action, client_id, seconds });
    const status = action === "reserve" ? this.reserveStatus : this.releaseStatus;
    return json(status === 200 ? { message: "ok" } : { error: "No", message: "no" }, status);
  }

  async #write(write: Write): Promise<Response> {
    this.attempts += 1;
    if (this.weather === "agent-dead") return json({ error: "x", message: "agent" }, 500);
    await this.onWrite(write);
    this.writes.push(write);
    if (this.weather !== "stuck") this.levels.set(write.gpioId, write.value);
    if (this.weather === "lost") throw new TypeError("connection reset");
    return json({ status: "success", data: { device_id: write.gpioId, value: write.value } });
  }
}
