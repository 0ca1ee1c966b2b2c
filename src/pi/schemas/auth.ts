import * as z from "zod";

/** The role words of pi-controller (contract, section 3.4). */
export const UpstreamRole = z.enum(["viewer", "operator", "admin"]);

/** Answer to a login; a refresh answers the same without the user (contract, section 3.1). */
export const LoginAnswer = z.object({
  access_token: z.string().min(1),
  refresh_token: z.string().min(1),
  user: z.object({
    id: z.union([z.number().int(), z.string()]).transform(String),
    username: z.string(),
    role: UpstreamRole,
  }),
});

export const RefreshAnswer = z.object({
  access_token: z.string().min(1),
  /** Older controllers keep the old one. */
  refresh_token: z.string().min(1).optional(),
});

/** The tokens of one person at one home. Times are milliseconds since the epoch. */
export const Tokens = z.object({
  access: z.string(),
  accessExpiresAt: z.number(),
  refresh: z.string(),
  refreshExpiresAt: z.number(),
});

export type Tokens = z.infer<typeof Tokens>;

/** What a home says of the account that asks (contract 3.1); the role is that of now, not that of the token. */
export const ProfileAnswer = z.object({ role: UpstreamRole, is_active: z.boolean().default(true) });
