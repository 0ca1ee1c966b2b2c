import type { Caller } from "../../src/contract/caller.ts";
import type { SharedContext } from "../../src/contract/shared-context.ts";
import { HomeContext } from "../../src/federation/context/home-context.ts";
import { sharedContextPort } from "../../src/federation/context/port.ts";
import { contextStorage } from "./context-storage.ts";

/** The shared context of a home in this process: the real one, over a database in memory. */
export function sharedInMemory(caller: Caller, home: { id: string; name: string }): SharedContext {
  const context = new HomeContext(contextStorage(), {
    adopted: () => [],
    tell: () => undefined,
    wakeAt: () => undefined,
    soon: () => undefined,
    now: () => Date.now(),
  });
  return sharedContextPort(
    {
      contextWrite: async (write) => context.write(write, Date.now()),
      contextRead: async (key) => context.read(key, Date.now()),
      contextHistory: async (key) => context.history(key),
      contextList: async (prefix, page) => context.list(prefix, page, Date.now()),
    },
    caller,
    home,
  );
}
