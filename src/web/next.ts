import * as z from "zod";

/** The addresses of secrets, and no others. */
export const SecretPath = z.string().regex(/^\/secrets\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

/** Where people look after their connections. */
export const CONNECTIONS_PATH = "/connections";

/** Where people see where the way to their home is broken. */
export const DOCTOR_PATH = "/doctor";

/** Where people see their homes. */
export const HOMES_PATH = "/homes";

/** Where people read what was done at a home. */
export const ACTIVITY_PATH = "/activity";

/** Where people read what a home's people, clients and nodes tell each other. */
export const CONTEXT_PATH = "/context";

/** The page of one home, of one of its Pis, of one of its pins; and the record of one home. */
const HomePath = z
  .string()
  .regex(/^\/(homes\/[a-z0-9-]{1,64}(\/(nodes|pins)\/\d{1,10})?|(activity|context)\?home=[a-z0-9-]{1,64})$/);
/** Where the owner of a home looks at its nodes. */
export const NODES_PATH = "/nodes";

const REQUEST = "/authorize?";

/** Whether a path is a client's authorization request. */
export const isRequest = (next: string) => next.startsWith(REQUEST);

/** Where a sign-in leads: only back to what asked for it, since anything else would be an open redirect. */
export const NextPath = z.union([
  z
    .string()
    .regex(/^\/authorize\?[\x21-\x7e]*$/)
    .max(8192),
  SecretPath,
  z.literal([CONNECTIONS_PATH, DOCTOR_PATH, HOMES_PATH, ACTIVITY_PATH, NODES_PATH, CONTEXT_PATH]),
  HomePath,
]);
