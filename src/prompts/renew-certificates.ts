import * as z from "zod";
import { definePrompt } from "../contract/prompt.ts";
import { AGREE, steps } from "./fields.ts";

export const renewCertificates = definePrompt({
  name: "renew-certificates",
  title: "Renew certificates",
  description: "Replace certificates that are about to expire, one after another",
  role: "admin",
  arguments: z.strictObject({
    within_days: z
      .string()
      .regex(/^\d{1,3}$/, "a number of days")
      .default("30")
      .describe("Replace what expires within so many days (30)"),
  }),
  choices: { within_days: ["7", "30", "90"] },
  build: ({ within_days }) => `Replace the certificates that expire within ${within_days} days.
${steps(
  `list_certificates with status "active": list name, type and expiry of those that expire within ${within_days} days. If there are none, say when the next one does, and stop.`,
  "Wait until the person has chosen which to replace.",
  "For each, one after another: issue_certificate with the same common_name, type, DNS names and IP addresses. The private key is not shown here: give the person the link to it, which works once and for ten minutes, and wait until they have put it in place.",
  "Only then revoke_certificate for the old one, with a reason.",
  'list_certificates with status "active" again: report what is in force now.',
)}
${AGREE}`,
});
