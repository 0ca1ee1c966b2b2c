import { z } from "zod";

/** The addresses of secrets, and no others. */
export const SecretPath = z.string().regex(/^\/secrets\/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);

/** Where a sign-in leads: only back to what asked for it, since anything else would be an open redirect. */
export const NextPath = z.union([z.string().startsWith("/authorize?").max(8192), SecretPath]);
