import * as z from "zod";
import type { UpstreamLogin } from "../pi/auth.ts";
import { type Role, ROLES } from "./role.ts";

/**
 * How a home is asked in somebody's name: by their own account there, or by the home's service account, whose
 * password stays in the configuration.
 */
export type Login = UpstreamLogin | "service";

/** What a caller has at one home. */
export interface HomeAccess {
  /** The home's name, for sentences and lists; its id stands in where none is known. */
  readonly name?: string | undefined;
  /** The lower of the person's role at that home and of what they granted this client. */
  readonly role: Role;
  /** The person's own role at that home; more than `role` if they granted this client less. */
  readonly ceiling?: Role | undefined;
  /** Never leaves the gateway. */
  readonly login: Login;
}

const StoredLogin = z.object({ username: z.string(), password: z.string(), takenAt: z.number().optional() });

/** Access as it is stored, to be parsed again. */
export const StoredAccess = z.object({
  role: z.enum(ROLES),
  login: z.union([z.literal("service"), StoredLogin]),
});

/** Who is calling: built once per request from the verified OAuth grant, never from headers. */
export interface Caller {
  readonly userId: string;
  readonly userName: string;
  readonly clientId: string;
  /** As the person saw it when they gave their consent; absent in older grants. */
  readonly clientName?: string | undefined;
  /** Random, made at consent: tells two grants of the same person and client apart. */
  readonly connectionId: string;
  /** By home id. */
  readonly homes: Readonly<Record<string, HomeAccess>>;
}
