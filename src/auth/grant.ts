import { z } from "zod";
import { type Caller, type HomeAccess, StoredAccess } from "../contract/caller.ts";
import { lower } from "../contract/role.ts";
import { roleOf } from "./scopes.ts";
import { accessNow, type Rules, StoredIdentity } from "./standing.ts";

/**
 * What a grant carries, encrypted by the OAuth provider so that the key-value store alone cannot read it.
 * Parsed whenever it is read: an older version of it may still be stored.
 */
export const GrantProps = z.object({
  userId: z.string().min(1),
  userName: z.string(),
  connectionId: z.uuid(),
  clientName: z.string().optional(),
  /** Absent in grants of people who signed in with their account at a home. */
  identity: StoredIdentity.optional(),
  /** With the person's role at each home when they signed in. */
  homes: z.record(z.string(), StoredAccess),
});

export type GrantProps = z.infer<typeof GrantProps>;

/** What the OAuth provider puts on a request's execution context once its token has been verified. */
const VerifiedContext = z.object({
  props: GrantProps,
  auth: z.object({ clientId: z.string().min(1), scope: z.array(z.string()) }),
});

/**
 * The caller of a request.
 * @param context the execution context that the OAuth provider hands on
 * @param rules what the configuration says of people now
 * @param nameOf the name of a home that is configured; the others are left out
 * @returns `undefined` if the grant is not one that this version can use, or its person may no longer come in
 */
export function callerOf(
  context: unknown,
  rules: Rules,
  nameOf?: (homeId: string) => string | undefined,
): Caller | undefined {
  const verified = VerifiedContext.safeParse(context);
  const granted = roleOf(verified.data?.auth.scope ?? []);
  if (!verified.success || granted === undefined) return undefined;
  const { props, auth } = verified.data;
  const standing = accessNow(props, rules);
  if (standing === undefined) return undefined;
  const access = Object.entries(standing).flatMap(([id, home]): [string, HomeAccess][] => {
    const name = nameOf?.(id);
    if (nameOf !== undefined && name === undefined) return [];
    const named = name === undefined ? {} : { name };
    return [[id, { ...named, role: lower(home.role, granted), ceiling: home.role, login: home.login }]];
  });
  const { userId, userName, connectionId, clientName } = props;
  const client = { clientId: auth.clientId, ...(clientName === undefined ? {} : { clientName }) };
  return { userId, userName, ...client, connectionId, homes: Object.fromEntries(access) };
}
