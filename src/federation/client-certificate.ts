import * as z from "zod";

/** What Cloudflare tells of a client certificate; only where the zone asks for one. */
const ClientAuth = z.object({
  cf: z.object({
    tlsClientAuth: z.object({
      certPresented: z.literal("1"),
      certVerified: z.literal("SUCCESS"),
      certRevoked: z.literal("0"),
      certFingerprintSHA256: z.string().regex(/^[0-9a-f]{64}$/i),
    }),
  }),
});

/** SHA-256 of the certificate that a request came with, if it was verified and is not revoked; else `null`. */
export function certificateOf(request: Request): string | null {
  const { cf } = request;
  const told = ClientAuth.safeParse({ cf }).data;
  return told?.cf.tlsClientAuth.certFingerprintSHA256.toLowerCase() ?? null;
}
