import { describe, expect, test } from "vitest";
import { revokeCertificate } from "../../src/tools/ca.ts";
import { recording, Refused } from "../support/recording.ts";

const GET = "GET /api/v1/ca/certificates/3";

const certificate = (status: string) => ({
  id: 3,
  common_name: "pi-4.cluster.local",
  type: "server",
  status,
  serial_number: "340282366920938463463374607431768211455",
  not_before: "2026-01-01T00:00:00Z",
  not_after: "2027-01-01T00:00:00Z",
});

async function preview(answer: unknown) {
  const home = recording({ [GET]: answer }, "released");
  const input = revokeCertificate.input.parse({ certificate_id: 3, reason: "lost" });
  const told = await revokeCertificate.preview?.(input, home.context).catch((error: unknown) => error);
  expect(home.asked.map(([line]) => line)).toStrictEqual([GET]);
  return told;
}

describe("before a certificate is revoked", () => {
  test("a person is told whose it is", async () => {
    expect(await preview(certificate("active"))).toBe(
      'This revokes certificate 3 for good: that of "pi-4.cluster.local" (server, valid until 2027-01-01T00:00:00Z). Reason: lost.',
    );
  });

  test("nobody is asked about one that is revoked already", async () => {
    expect(await preview(certificate("revoked"))).toMatchObject({
      type: "conflict",
      message: expect.stringContaining("revoked already"),
    });
  });

  test.each([404, 500])("nobody is asked about one that is not there (%i)", async (status) => {
    expect(await preview(new Refused(status, "Failed to get certificate"))).toMatchObject({ type: "not_found" });
  });
});
