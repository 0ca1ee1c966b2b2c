import { type Aimed, Seen } from "./words.ts";

/** What can be told to a home, from wherever its control can be reached. @param tell sends it */
export const controls = (tell: (what: string, body?: unknown) => Promise<unknown>) => ({
  begin: (patch: object = {}) => tell("begin", patch),
  patch: (patch: object) => tell("patch", patch),
  aim: (aimed: Aimed | null) => tell("aim", aimed),
  mend: () => tell("mend"),
  /** Waits until an answer is held back, or the failure is ended. */
  held: () => tell("held"),
  refuse: () => tell("refuse"),
  open: () => tell("open"),
  restart: () => tell("restart"),
  seen: async () => Seen.parse(await tell("seen")),
});

export type Controls = ReturnType<typeof controls>;

/** Tells it over HTTP. */
export async function tellAt(
  send: typeof fetch,
  control: string,
  homeId: string,
  what: string,
  body: unknown = null,
): Promise<unknown> {
  const response = await send(`${control}/${homeId}/${what}`, { method: "POST", body: JSON.stringify(body) });
  return response.json();
}
