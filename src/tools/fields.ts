import * as z from "zod";
import { fit } from "../lib/fit.ts";
import { Id } from "../pi/schemas/ids.ts";

/** Parameters that several tools share, so that the model reads one wording. */
export const ClusterId = Id.describe("Cluster id, from list_clusters");
export const NodeId = Id.describe("Node id, from discover_nodes");
export const GpioId = Id.describe("GPIO device id, from list_gpio_devices; not the pin number");

/** A K3s release; the value reaches a shell on the Pi (contract, section 6.26). */
export const K3S_VERSION = /^v\d+\.\d+\.\d+\+k3s\d+$/;

/** A name as released controllers take it (contract, section 4.2), and as Kubernetes has room for. */
export const ObjectName = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[A-Za-z0-9_-]+$/, "letters, digits, - and _ only");

const AnyIp = z.union([z.ipv4(), z.ipv6()]);

/** An address; one plain string for the model, because some clients cannot show alternatives. */
export const IpAddress = z
  .string()
  .max(45)
  .refine((text) => AnyIp.safeParse(text).success, "an IPv4 or IPv6 address");

/** The most rows of one answer, so that it stays readable. */
const MAX_ROWS = 100;

export const Limit = z.number().int().min(1).max(MAX_ROWS).default(50).describe("Rows to return");
export const Offset = z.number().int().min(0).default(0).describe("Rows to skip");

/** How a page says what it left out. */
export const PageFields = {
  total: z.number().int().describe("rows in all"),
  next_offset: z.number().int().nullable().describe("offset of the next page; null if this is the last"),
};

/** The fields of `PageFields` for a page of `count` rows. */
export function pageFields(offset: number, count: number, total: number) {
  const next = offset + count;
  return { total, next_offset: count > 0 && next < total ? next : null };
}

/** As many rows of a page as an answer should hold, with the fields of `PageFields`. */
export function paged<Row>(
  offset: number,
  page: { readonly rows: readonly Row[]; readonly total: number },
  sharing = 1,
) {
  const rows = fit(page.rows, sharing);
  return { rows, ...pageFields(offset, rows.length, page.total) };
}
