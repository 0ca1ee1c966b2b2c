import * as z from "zod";
import type { SshConfig } from "../contract/operation.ts";
import { Fault } from "../lib/errors.ts";

// The bounds are checks rather than patterns, because five tools carry this schema to the model. What passes them
// reaches a shell on the Pi (contract, section 6.26).
const text = (pattern: RegExp, what: string) => z.string().refine((value) => pattern.test(value), what);

const USERNAME = /^[a-z_][a-z0-9_-]{0,31}$/;
const KEY_PATH = /^(?!.*\.\.)\/[A-Za-z0-9._/-]{1,254}$/;
/** Printable ASCII. */
const PASSWORD = /^[ -~]{1,128}$/;

/** How the controller is to log in to the Pis; shared by all tools that work on them. */
export const Ssh = z
  .strictObject({
    username: text(USERNAME, "must be a Linux user name").default("pi"),
    port: z.number().int().min(1).max(65_535).default(22),
    private_key_path: text(KEY_PATH, "must be an absolute path of letters, digits and ._-/, without ..").optional(),
    password: text(PASSWORD, "must be 1 to 128 printable characters").optional(),
    use_agent: z.boolean().default(false),
  })
  .describe("SSH login of the Pis: needs password, private_key_path (on the controller) or use_agent");

/** A login that can work. @throws Fault `invalid_input` if there is no way to log in with it */
export function usable(ssh: z.output<typeof Ssh> | undefined): SshConfig {
  if (ssh !== undefined && (ssh.use_agent || (ssh.password ?? ssh.private_key_path) !== undefined)) return ssh;
  throw new Fault("invalid_input", "ssh_config names no way to log in to the Pis. Nothing was changed.", {
    suggestions: [
      "Give ssh_config a private_key_path on the controller's disk, use_agent: true, or a password. Ask the person which; do not guess.",
    ],
  });
}
