import type { Role } from "../contract/role.ts";

/** Who asks for which job. */
export interface JobAsk {
  readonly operationId: string;
  readonly userId: string;
  readonly role: Role;
}
