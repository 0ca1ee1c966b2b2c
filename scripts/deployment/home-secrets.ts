import { z } from "zod";

/** What is read of an entry of `HOMES` before the whole is checked. */
const Entry = z.object({ id: z.string(), username: z.string().optional(), reach: z.string().optional() });
const Entries = z.array(Entry);

/** The fields of `HOME_SECRETS` that one home needs. */
export interface HomeFields {
  readonly id: string;
  readonly needed: readonly ("password" | "access_client_id" | "access_client_secret")[];
}

function parsed(homes: string): z.output<typeof Entries> {
  try {
    return Entries.safeParse(JSON.parse(homes)).data ?? [];
  } catch {
    return [];
  }
}

/** Which homes need which secrets; nothing for what cannot be read, which the whole check tells. */
export function fieldsNeeded(homes: string): HomeFields[] {
  return parsed(homes).flatMap(({ id, username, reach }) => {
    const needed: HomeFields["needed"] = [
      ...(username === undefined ? [] : (["password"] as const)),
      ...(reach === "access" ? (["access_client_id", "access_client_secret"] as const) : []),
    ];
    return needed.length === 0 ? [] : [{ id, needed }];
  });
}
