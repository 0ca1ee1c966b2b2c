import { DurableObject } from "cloudflare:workers";
import { createDemoApp } from "./app.ts";
import { Dialect } from "./quirks.ts";
import { Role, World } from "./state.ts";
import { createWorld, endInterrupted, restartController } from "./world.ts";

const WORLD = "world";

/**
 * A whole pi-controller with the home around it, for trying things out without a Pi.
 *
 * State:  `world`, the controller's database, its signing key and the levels of its pins (see `state.ts`);
 *         below 100 KB. Rate limits are kept in memory only.
 * Alarm:  none; what moves is computed from the time.
 * Errors: the controller's own HTTP answers.
 */
export class DemoHome extends DurableObject<Env> {
  readonly #world: World;
  readonly #app: ReturnType<typeof createDemoApp>;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    // A world of another version is not worth a migration: the home begins anew.
    const stored = World.safeParse(ctx.storage.kv.get(WORLD));
    this.#world = stored.success ? stored.data : createWorld(Date.now());
    endInterrupted(this.#world);
    if (!stored.success) this.#save();
    const dialect = Dialect.catch("documented").parse(env.DEMO_DIALECT);
    this.#app = createDemoApp({ world: this.#world, dialect, limits: false, onChange: () => this.#save() });
  }

  #save(): void {
    this.ctx.storage.kv.put(WORLD, this.#world);
  }

  /** Answers as the controller would. */
  override fetch(request: Request): Response | Promise<Response> {
    return this.#app.fetch(request);
  }

  /** Restarts the controller process: all of its tokens become invalid (contract 3.2). */
  restart(): void {
    restartController(this.#world, Date.now());
    this.#save();
  }

  /**
   * Changes an account, as an admin at the home would.
   * @returns whether there is such a user
   */
  setUser(username: string, change: { role?: Role; active?: boolean }): boolean {
    const user = this.#world.users.find((one) => one.username === username);
    if (user === undefined) return false;
    user.role = change.role === undefined ? user.role : Role.parse(change.role);
    user.is_active = change.active ?? user.is_active;
    this.#save();
    return true;
  }
}
