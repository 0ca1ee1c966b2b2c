import { describe, expect, test } from "vitest";
import { initializeCa, issueCertificate, revokeCertificate } from "../../src/tools/ca.ts";
import { recording, Refused, runTool } from "../support/recording.ts";

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

describe("a certificate that is revoked", () => {
  const POST = "POST /api/v1/ca/certificates/3/revoke";

  /** What comes of it if the home answers so when it is asked again. */
  function revoke(afterwards: unknown) {
    let asked = 0;
    const answers = {
      get [GET]() {
        asked += 1;
        return asked === 1 ? certificate("active") : afterwards;
      },
      [POST]: { success: true },
    };
    return runTool(revokeCertificate, { certificate_id: 3 }, recording(answers, "released"));
  }

  test("is shown as it is then", async () => {
    expect(await revoke(certificate("revoked"))).toMatchObject({ certificate: { id: 3, status: "revoked" } });
  });

  test.each([404, 500, 503])(
    "and cannot be read back (%i) is not said to be untouched, nor not to exist",
    async (status) => {
      await expect(revoke(new Refused(status, "Failed to get certificate"))).rejects.toMatchObject({
        type: "operation_failed",
        message: "The home took the revocation of certificate 3, which could not be read back.",
        suggestions: [expect.stringContaining("list_certificates")],
      });
    },
  );

  test("and is as it was before is no success", async () => {
    await expect(revoke(certificate("active"))).rejects.toMatchObject({
      type: "operation_failed",
      message: "Certificate 3 was to be revoked, but the home says that it is active.",
    });
  });
});

test("a home that fails to issue a certificate may have issued it all the same", async () => {
  const home = recording(
    { "POST /api/v1/ca/certificates": new Refused(500, "Failed to issue certificate") },
    "released",
  );
  const issue = runTool(issueCertificate, { common_name: "nas.local", certificate_type: "service" }, home);
  await expect(issue).rejects.toMatchObject({
    suggestions: expect.arrayContaining([expect.stringMatching(/Read the state before trying again/)]),
  });
});

test("a CA that was initialised is not hidden by a home that then goes away", async () => {
  const answers = {
    "POST /api/v1/ca/initialize": { success: true, ca_info: { subject: "CN=Home" } },
    "GET /health": new Refused(503, "gone"),
  };
  const home = recording(answers);
  await expect(runTool(initializeCa, { organization: "Home", country: "DE" }, home)).rejects.toMatchObject({});
  expect(home.asked.map(([line]) => line)).toStrictEqual(["GET /health"]);
});
