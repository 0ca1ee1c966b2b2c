import * as z from "zod";
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
  props: z.custom<object>((value) => typeof value === "object" && value !== null),
  auth: z.object({ clientId: z.string().min(1), scope: z.array(z.string()) }),
});

type NameOf = (homeId: string) => string | undefined;

/** What a caller was made of. */
interface Made {
  readonly rules: Rules;
  readonly nameOf: NameOf | undefined;
  readonly auth: z.infer<typeof VerifiedContext>["auth"];
  readonly caller: Caller;
}

/** Callers by the grant that they were made of, for as long as the token that brought it is remembered. */
const made = new WeakMap<object, Made>();

const isSame = (one: readonly string[], other: readonly string[]) =>
  one.length === other.length && one.every((each, index) => each === other[index]);

function makeCaller(stored: object, { rules, nameOf, auth }: Omit<Made, "caller">): Caller | undefined {
  const granted = roleOf(auth.scope);
  const props = GrantProps.safeParse(stored).data;
  if (granted === undefined || props === undefined) return undefined;
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

/**
 * The caller of a request, made once for each grant, client, set of rules and set of homes.
 * @param context the execution context that the OAuth provider hands on
 * @param rules what the configuration says of people now
 * @param nameOf the name of a home that is configured; the others are left out
 * @returns `undefined` if the grant is not one that this version can use, or its person may no longer come in
 */
export function callerOf(context: unknown, rules: Rules, nameOf?: NameOf): Caller | undefined {
  const verified = VerifiedContext.safeParse(context);
  if (!verified.success) return undefined;
  const { props, auth } = verified.data;
  const known = made.get(props);
  const isKnown = known?.rules === rules && known.nameOf === nameOf && known.auth.clientId === auth.clientId;
  if (isKnown && isSame(known.auth.scope, auth.scope)) return known.caller;
  const caller = makeCaller(props, { rules, nameOf, auth });
  if (caller !== undefined) made.set(props, { rules, nameOf, auth, caller });
  return caller;
}
