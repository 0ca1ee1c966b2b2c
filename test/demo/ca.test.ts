import { describe, expect, test } from "vitest";
import { at, DIALECTS, type Home, openHome, textAt } from "./client.ts";

const CERTIFICATES = "/api/v1/ca/certificates";
const YEAR = 365 * 86_400_000;

const admin = (home: Home, path: string, body?: unknown) => home.call("admin", "POST", `/api/v1/ca/${path}`, body);
const count = async (home: Home, query: string) =>
  at((await home.call("viewer", "GET", `${CERTIFICATES}${query}`)).body, "total");

/** An issue request in the words of each dialect. */
const ISSUE = {
  documented: {
    common_name: "new.cluster.local",
    certificate_type: "node",
    validity_days: 30,
    dns_names: ["new.local"],
    ip_addresses: ["192.168.1.9"],
  },
  released: {
    common_name: "new.cluster.local",
    type: "server",
    validity_period: "720h",
    sans: ["new.local", "192.168.1.9"],
  },
};

describe.each(DIALECTS)("certificates, %s", (dialect) => {
  test.each([
    ["", 5],
    ["?status=active", 3],
    ["?status=expired", 1],
    ["?status=revoked", 1],
    ["?type=client", 2],
    ["?node_id=1", 1],
  ])("%s lists %i, newest first", async (query, total) => {
    const { body } = await openHome(dialect).call("viewer", "GET", CERTIFICATES + query);
    expect(at(body, "total")).toBe(total);
    const rows = at(body, "certificates");
    const times = Array.isArray(rows) ? rows.map((row: unknown) => Date.parse(textAt(row, "created_at"))) : [];
    expect(times).toHaveLength(total);
    expect(times).toEqual(times.toSorted((a, b) => b - a));
  });

  test("one is issued with its names, its time and a private key", async () => {
    const home = openHome(dialect);
    const { status, body } = await admin(home, "certificates", ISSUE[dialect]);
    expect(status).toBe(201);
    expect(textAt(body, "private_key")).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    const certificate = at(body, "certificate");
    expect(certificate).toMatchObject({ id: 6, common_name: "new.cluster.local", status: "active" });
    expect(textAt(certificate, "sans")).toBe('{"dns":["new.local"],"ip":["192.168.1.9"],"email":[]}');
    const span = Date.parse(textAt(certificate, "not_after")) - Date.parse(textAt(certificate, "not_before"));
    expect(span).toBe(30 * 86_400_000);
    const serial = textAt(certificate, "serial_number");
    expect(serial).toMatch(/^\d{20,}$/);
    expect((await home.call("viewer", "GET", `${CERTIFICATES}/serial/${serial}`)).body).toMatchObject({ id: 6 });
    expect(JSON.stringify((await home.call("viewer", "GET", `${CERTIFICATES}/6`)).body)).not.toContain("PRIVATE KEY");
  });

  test("one is revoked once", async () => {
    const home = openHome(dialect);
    expect(await admin(home, "certificates/1/revoke", { reason: "lost" })).toMatchObject({
      status: 200,
      body: { success: true, message: "Certificate revoked successfully" },
    });
    expect((await home.call("viewer", "GET", `${CERTIFICATES}/1`)).body).toMatchObject({
      status: "revoked",
      revoked_reason: "lost",
      revoked_at: expect.stringContaining("2026-01-14T12:00:00"),
    });
    expect((await admin(home, "certificates/1/revoke", { reason: "again" })).status).toBe(
      dialect === "released" ? 500 : 409,
    );
  });

  test("one is renewed by another", async () => {
    const home = openHome(dialect);
    const { body } = await admin(home, "certificates/3/renew");
    expect(body).toMatchObject({ id: 6, renewed_from_id: 3, common_name: "grafana.pi-controller.local" });
    expect((await admin(home, "certificates/5/renew")).status).toBe(dialect === "released" ? 500 : 409);
  });

  test("a missing one is told in the dialect's way", async () => {
    const home = openHome(dialect);
    expect(await home.call("viewer", "GET", `${CERTIFICATES}/99`)).toMatchObject(
      dialect === "released"
        ? { status: 500, body: { error: "Internal Server Error", message: "Failed to get certificate" } }
        : { status: 404, body: { error: "Not Found", message: "There is no certificate 99" } },
    );
    expect((await home.call("viewer", "GET", `${CERTIFICATES}/x`)).status).toBe(400);
  });

  test("the CA is described, counted, and gone before it is initialized", async () => {
    const home = openHome(dialect);
    expect((await home.call("viewer", "GET", "/api/v1/ca/info")).body).toMatchObject({
      type: "root",
      status: "active",
      subject: "CN=Homelab Root CA,O=Homelab,C=DE",
      certificates_active: 3,
    });
    expect((await home.call("viewer", "GET", "/api/v1/ca/stats")).body).toMatchObject({
      total_certificates: 5,
      active_certificates: 3,
      expired_certificates: 1,
      revoked_certificates: 1,
      certificates_expiring_30d: 1,
    });
    const certificate = await home.call("viewer", "GET", "/api/v1/ca/certificate");
    expect(textAt(certificate.body, "certificate_pem").startsWith("-----BEGIN")).toBe(dialect === "documented");
    home.world.authority = null;
    const status = dialect === "released" ? 500 : 409;
    expect((await home.call("viewer", "GET", "/api/v1/ca/info")).status).toBe(status);
    expect((await admin(home, "certificates", ISSUE[dialect])).status).toBe(status);
  });

  test("a signing request waits, is approved once, and becomes a certificate", async () => {
    const home = openHome(dialect);
    const request = { common_name: "csr.cluster.local", type: "client", csr_pem: "-----BEGIN", sans: ["10.0.0.1"] };
    const ask = (body: object) => home.call("operator", "POST", "/api/v1/ca/requests", body);
    expect(await ask(request)).toMatchObject({ status: 201, body: { id: 1, status: "pending" } });
    expect((await ask({ ...request, type: "x" })).status).toBe(400);
    expect((await ask({ ...request, csr_pem: "" })).status).toBe(400);
    expect((await admin(home, "requests/1/process", { approve: false })).status).toBe(400);
    expect(await admin(home, "requests/1/process", { approve: true })).toMatchObject({
      status: 200,
      body: { common_name: "csr.cluster.local", sans: '{"dns":[],"ip":["10.0.0.1"],"email":[]}' },
    });
    expect((await admin(home, "requests/1/process", { approve: true })).status).toBe(
      dialect === "released" ? 500 : 409,
    );
    const listed = await home.call("operator", "GET", "/api/v1/ca/requests?status=approved");
    expect(listed.body).toMatchObject({ requests: [{ id: 1 }], count: 1, total: 1 });
  });
});

describe("the documented CA", () => {
  test("is initialized as asked, once", async () => {
    const home = openHome("documented");
    home.world.authority = null;
    const sent = { organization: "Bakery", country: "FR", validity_days: 365 };
    const { status, body } = await admin(home, "initialize", sent);
    expect(status).toBe(200);
    expect(body).toMatchObject({ success: true, ca_info: { subject: "CN=Bakery Root CA,O=Bakery,C=FR" } });
    const span = Date.parse(textAt(body, "ca_info", "not_after")) - Date.parse(textAt(body, "ca_info", "not_before"));
    expect(span).toBe(YEAR);
    expect((await admin(home, "initialize", sent)).status).toBe(200);
    expect((await admin(home, "initialize", { organization: "Other", country: "FR" })).status).toBe(409);
    expect((await admin(home, "initialize", { organization: "Other" })).status).toBe(400);
  });

  test("issues for a year if not told, never beyond itself", async () => {
    const home = openHome("documented");
    const short = { common_name: "any.example.com", certificate_type: "user" };
    const { body } = await admin(home, "certificates", short);
    const certificate = at(body, "certificate");
    expect(certificate).toMatchObject({ certificate_type: "user" });
    expect(Date.parse(textAt(certificate, "not_after")) - Date.parse(textAt(certificate, "not_before"))).toBe(YEAR);
    const long = await admin(home, "certificates", { ...short, validity_days: 3650 });
    expect(Date.parse(textAt(long.body, "certificate", "not_after"))).toBe(home.world.authority?.not_after);
  });

  test.each([
    [{ common_name: "x", certificate_type: "server" }, "certificate_type must be node, service or user"],
    [{ certificate_type: "node" }, "common_name"],
    [{ common_name: "x", certificate_type: "node", ip_addresses: ["300.1.1.1"] }, "ip_addresses must be IP addresses"],
    [{ common_name: "x", certificate_type: "node", validity_days: 0 }, ""],
  ])("%j is refused", async (sent, reason) => {
    const answer = await admin(openHome("documented"), "certificates", sent);
    expect(answer.status).toBe(400);
    expect(textAt(answer.body, "message")).toContain(reason);
  });

  test("revokes without a reason, knows missing ones and wrong filters, and validates its own", async () => {
    const home = openHome("documented");
    const { body } = await home.call("viewer", "GET", `${CERTIFICATES}/1`);
    const certificate_pem = at(body, "certificate_pem");
    const validate = () => home.call("viewer", "POST", `${CERTIFICATES}/validate`, { certificate_pem });
    expect((await validate()).body).toMatchObject({ valid: true, revoked: false });
    expect((await admin(home, "certificates/1/revoke")).status).toBe(200);
    expect((await validate()).body).toMatchObject({ valid: false, revoked: true, errors: ["certificate is revoked"] });
    expect((await admin(home, "certificates/99/revoke")).status).toBe(404);
    expect((await home.call("viewer", "GET", `${CERTIFICATES}?status=bogus`)).status).toBe(400);
    const foreign = await home.call("viewer", "POST", `${CERTIFICATES}/validate`, { certificate_pem: "x" });
    expect(foreign.status).toBe(400);
  });
});

describe("the released CA", () => {
  test("ignores what it is asked to be, and is initialized again and again", async () => {
    const home = openHome("released");
    home.world.authority = null;
    for (let attempt = 0; attempt < 2; attempt += 1) {
      expect((await admin(home, "initialize", { organization: "Bakery", country: "FR" })).body).toMatchObject({
        ca_info: { name: "Pi Controller Root CA" },
      });
    }
  });

  test("cannot begin without a ready master", async () => {
    const home = openHome("released");
    home.world.authority = null;
    for (const node of home.world.nodes) node.status = "not_ready";
    expect(await admin(home, "initialize")).toMatchObject({
      status: 500,
      body: { error: "Internal Server Error", message: "Failed to initialize CA" },
    });
  });

  test.each([
    [{ common_name: "x.cluster.local", type: "node" }, 400, "Invalid certificate type: node"],
    [{ common_name: "x.cluster.local" }, 400, "'Type' failed on the 'required' tag"],
    [{ type: "server" }, 400, "'CommonName' failed on the 'required' tag"],
    [{ common_name: "x.cluster.local", type: "server", validity_period: "30d" }, 400, "30d"],
    [{ common_name: "x.example.com", type: "server" }, 500, "Failed to issue certificate"],
  ])("%j is a %i: %s", async (sent, status, message) => {
    const answer = await admin(openHome("released"), "certificates", sent);
    expect(answer.status).toBe(status);
    expect(textAt(answer.body, "message")).toContain(message);
  });

  test("needs a reason to revoke, fails as 500, and ignores wrong filters", async () => {
    const home = openHome("released");
    expect((await admin(home, "certificates/1/revoke", {})).status).toBe(400);
    expect(await admin(home, "certificates/99/revoke", { reason: "x" })).toMatchObject({
      status: 500,
      body: { message: "Failed to revoke certificate" },
    });
    expect(await count(home, "?status=bogus")).toBe(5);
  });
});
