import { existsSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Failure, Refusal } from "../../plugin.ts";
import { Collection } from "./collection.ts";

const FILE = /^([a-z0-9][a-z0-9_-]{0,31})\.sqlite$/;

/** The collections of a folder; what is done with one of them is done one after the other. */
export class Collections {
  readonly #folder: string;
  readonly #most: number;
  readonly #open = new Map<string, Collection>();
  readonly #last = new Map<string, Promise<unknown>>();

  constructor(folder: string, most: number) {
    this.#folder = folder;
    this.#most = most;
  }

  names(): string[] {
    return readdirSync(this.#folder)
      .flatMap((name) => FILE.exec(name)?.[1] ?? [])
      .toSorted();
  }

  /** Works with a collection that is there. @throws Failure if it is not */
  async with<Value>(name: string, work: (collection: Collection) => Promise<Value>): Promise<Value> {
    return this.#after(name, async () => {
      if (!existsSync(this.#file(name))) {
        throw new Failure(
          `There is no collection "${name}" on this node. There are: ${this.names().join(", ") || "none"}.`,
        );
      }
      return work(await this.#opened(name));
    });
  }

  /** Works with a collection, which is made if it is not there. @throws Refusal if there are too many */
  async withNew<Value>(name: string, work: (collection: Collection) => Promise<Value>): Promise<Value> {
    return this.#after(name, async () => {
      if (!existsSync(this.#file(name)) && this.names().length >= this.#most) {
        throw new Refusal(`This node keeps ${this.#most} collections, and has as many. Remove one by vector_remove.`);
      }
      return work(await this.#opened(name));
    });
  }

  /** Removes a whole collection. @returns how many texts it had */
  async drop(name: string): Promise<number> {
    return this.with(name, async (collection) => {
      this.#open.delete(name);
      collection.close();
      await rm(this.#file(name));
      return collection.size;
    });
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#last.values());
    for (const collection of this.#open.values()) collection.close();
    this.#open.clear();
  }

  #file(name: string): string {
    return join(this.#folder, `${name}.sqlite`);
  }

  async #opened(name: string): Promise<Collection> {
    const open = this.#open.get(name);
    if (open !== undefined) return open;
    const opened = await Collection.open(this.#file(name));
    this.#open.set(name, opened);
    return opened;
  }

  async #after<Value>(name: string, work: () => Promise<Value>): Promise<Value> {
    const before = this.#last.get(name) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#last.set(name, mine);
    try {
      return await mine;
    } finally {
      if (this.#last.get(name) === mine) this.#last.delete(name);
    }
  }
}
