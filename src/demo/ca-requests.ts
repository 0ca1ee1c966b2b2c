import * as z from "zod";
import { bind, flag, page, pathId, requiredMessage, slice, text, windowOf } from "./bind.ts";
import { checkType, sortSans, validityOf } from "./ca-bodies.ts";
import { caError, requireAuthority } from "./ca-state.ts";
import { issue } from "./certificates.ts";
import { type Demo, type DemoApp, type DemoContext, refusal } from "./demo.ts";
import { guard } from "./guard.ts";
import { type Certificate, type CertificateRequest, find, live, newRow } from "./state.ts";

const NewRequest = z.object({
  common_name: text,
  type: text,
  csr_pem: text,
  sans: slice(z.string()),
  validity_period: text,
});

const Decision = z.object({ approve: flag });

async function create(demo: Demo, c: DemoContext): Promise<CertificateRequest> {
  const sent = await bind(c, NewRequest);
  const missing = [
    ["CommonName", sent.common_name],
    ["CSRPEM", sent.csr_pem],
  ].find(([, value]) => value === "");
  if (missing !== undefined) throw refusal(400, requiredMessage(missing[0] ?? ""));
  checkType(sent.type);
  validityOf(sent.validity_period);
  const request = { ...newRow(demo.world, "requests", demo.now()), ...sent, status: "pending" };
  demo.world.requests.push(request);
  demo.changed();
  return request;
}

async function approve(demo: Demo, c: DemoContext): Promise<Certificate> {
  const id = pathId(c, "id", () => refusal(400, "Invalid request ID"));
  const sent = await bind(c, Decision);
  // `required` on a Go bool takes false for missing (contract 4.6).
  if (!sent.approve) throw refusal(400, requiredMessage("Approve"));
  const request = find(demo.world.requests, id);
  const fixed = "Failed to process certificate request";
  if (request === undefined) throw caError(demo, 404, fixed, `There is no certificate request ${id}`);
  if (request.status !== "pending") throw caError(demo, 409, fixed, `Request ${id} is ${request.status}`);
  const authority = requireAuthority(demo, fixed);
  const { common_name, type, sans, validity_period } = request;
  const owner = { node_id: null, cluster_id: null, auto_renew: false, renewed_from_id: null };
  const wish = { common_name, type, validity_ms: validityOf(validity_period), ...sortSans(sans), ...owner };
  const certificate = issue(demo.world, authority, wish, demo.now());
  request.status = "approved";
  request.updated_at = demo.now();
  demo.changed();
  return certificate;
}

function requestBody(demo: Demo, request: CertificateRequest) {
  const times = {
    created_at: demo.shapes.time(request.created_at),
    updated_at: demo.shapes.time(request.updated_at),
  };
  return { ...request, ...times, sans: JSON.stringify(sortSans(request.sans)) };
}

function listed(demo: Demo, c: DemoContext): CertificateRequest[] {
  const status = c.req.query("status") ?? "";
  const type = c.req.query("type") ?? "";
  return live(demo.world.requests).filter(
    (one) => (status === "" || one.status === status) && (type === "" || one.type === type),
  );
}

/** Certificate signing requests under `/api/v1/ca/requests` (contract 4.6). */
export function requestRoutes(app: DemoApp, demo: Demo): void {
  const path = "/api/v1/ca/requests";
  const operator = guard(demo, "operator");
  app.get(path, operator, (c) => {
    const rows = listed(demo, c);
    const window = windowOf(c);
    const requests = page(rows, window).map((request) => requestBody(demo, request));
    return c.json({ requests, count: requests.length, total: rows.length, ...window });
  });
  app.post(path, operator, async (c) => c.json(requestBody(demo, await create(demo, c)), 201));
  app.post(`${path}/:id/process`, guard(demo, "admin"), async (c) => {
    return c.json(demo.shapes.certificate(await approve(demo, c), demo.now()));
  });
}
