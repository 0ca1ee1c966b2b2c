import * as z from "zod";
import { Fault } from "../lib/errors.ts";
import { type AskDialect, hoursOf, type Page, type PageRequest, RELEASED_CERTIFICATE_TYPE } from "./dialect.ts";
import { type Certificate, CertificateAnswer, InitializeAnswer, IssueAnswer } from "./schemas/certificate.ts";
import { enveloped, listOf } from "./schemas/envelope.ts";
import type { Send } from "./send.ts";

export interface NewAuthority {
  readonly organization: string;
  readonly country: string;
  readonly validity_days: number;
}

export interface NewCertificate {
  readonly common_name: string;
  readonly certificate_type: keyof typeof RELEASED_CERTIFICATE_TYPE;
  readonly validity_days: number;
  readonly dns_names: readonly string[];
  readonly ip_addresses: readonly string[];
}

/** A certificate with its private key, which only `OneTimeSecrets` may receive. */
export interface IssuedCertificate {
  readonly certificate: Certificate;
  readonly privateKey: string | undefined;
}

export interface Authority {
  readonly subject: string | null;
  readonly status: string | null;
  readonly not_after: string | null;
  /** What the controller did otherwise than asked. */
  readonly note: string | null;
}

/** The certificate authority of a home. */
export interface CertificateAuthority {
  initialize(authority: NewAuthority): Promise<Authority>;
  issue(certificate: NewCertificate): Promise<IssuedCertificate>;
  list(filter: PageRequest & { status?: string | undefined }): Promise<Page<Certificate>>;
  /** A certificate that is not revoked yet. @throws Fault as `revoke` does */
  revocable(certificateId: number): Promise<Certificate>;
  /** @throws Fault `not_found`, or `conflict` if it is revoked already */
  revoke(certificateId: number, reason: string): Promise<Certificate>;
}

const OneCertificate = enveloped(CertificateAnswer);
const CertificateList = listOf(CertificateAnswer);
const Initialized = enveloped(InitializeAnswer);
const Issued = enveloped(IssueAnswer);

const OWN_CONFIG_NOTE =
  "This controller takes organisation, country and validity from its own configuration; what was asked was not used.";

/** Every failure of a released CA is a 500 (contract 4.6): a missing certificate cannot be told from a broken CA. */
function notFoundOrBroken(certificateId: number): Fault {
  return new Fault(
    "not_found",
    `This home has no certificate ${certificateId}, or its certificate authority does not work.`,
    {
      suggestions: ["Use an id from list_certificates.", "If that fails as well, look into pi-controller's log."],
    },
  );
}

function notIssued(commonName: string): Fault {
  return new Fault(
    "operation_failed",
    `The home says that it did not issue a certificate for "${commonName}", and does not say why.`,
    {
      suggestions: [
        "Read the state before trying again: list_certificates shows whether the certificate authority works, and whether this was issued all the same.",
        "Use a name that the home's ca.certificate.allowed_domains match, such as *.pi-controller.local or *.cluster.local.",
      ],
      details: { statusCode: 500, endpoint: "POST /api/v1/ca/certificates" },
    },
  );
}

function notInitialised(): Fault {
  return new Fault("operation_failed", "The home did not initialise its certificate authority.", {
    suggestions: ["It needs a node that is a ready master.", "Look into pi-controller's log."],
  });
}

/** A home that took the revocation and then could not tell what came of it. */
function notReadBack(certificateId: number, error: Fault): Fault {
  const { originalError } = error.details ?? {};
  return new Fault(
    "operation_failed",
    `The home took the revocation of certificate ${certificateId}, which could not be read back.`,
    {
      suggestions: ['list_certificates with status "revoked" shows whether it is revoked.'],
      // Of the revocation: the record of it is not about the look after it.
      details: {
        endpoint: `POST /api/v1/ca/certificates/${certificateId}/revoke`,
        ...(originalError === undefined ? {} : { originalError }),
      },
    },
  );
}

function notRevoked({ id, status }: Certificate): Fault {
  return new Fault("operation_failed", `Certificate ${id} was to be revoked, but the home says that it is ${status}.`, {
    suggestions: ["Read the state with list_certificates before trying again."],
  });
}

const isOwnFailure = (error: unknown) => error instanceof Fault && error.details?.statusCode === 500;

export function certificateAuthority(send: Send, dialect: AskDialect): CertificateAuthority {
  async function get(certificateId: number): Promise<Certificate> {
    const path = `/api/v1/ca/certificates/${certificateId}`;
    try {
      return await send({ method: "GET", path, schema: OneCertificate, subject: `certificate ${certificateId}` });
    } catch (error) {
      if (isOwnFailure(error)) throw notFoundOrBroken(certificateId);
      throw error;
    }
  }

  async function revocable(certificateId: number): Promise<Certificate> {
    const certificate = await get(certificateId);
    if (certificate.status !== "revoked") return certificate;
    throw new Fault("conflict", `Certificate ${certificateId} is revoked already. Nothing was changed.`, {
      suggestions: ['Nothing is left to do; list_certificates with status "revoked" shows why it was.'],
    });
  }

  return {
    revocable,
    async initialize(authority) {
      // Asked first: what fails afterwards would hide what was done.
      const home = await dialect();
      const answer = await send({
        method: "POST",
        path: "/api/v1/ca/initialize",
        body: authority,
        schema: Initialized,
        subject: "the certificate authority",
      });
      if (!answer.success) throw notInitialised();
      const { subject = null, name = null, status = null, not_after = null } = answer.ca_info ?? {};
      const note = home === "released" ? OWN_CONFIG_NOTE : null;
      return { subject: subject ?? name, status, not_after, note };
    },
    async issue(wanted) {
      const answer = await send({
        method: "POST",
        path: "/api/v1/ca/certificates",
        // The fields of both dialects: unknown ones are ignored.
        body: {
          ...wanted,
          type: RELEASED_CERTIFICATE_TYPE[wanted.certificate_type],
          validity_period: hoursOf(wanted.validity_days),
          sans: [...wanted.dns_names, ...wanted.ip_addresses],
        },
        schema: Issued,
        subject: `a certificate for "${wanted.common_name}"`,
        needs: null,
      }).catch((error: unknown) => {
        throw isOwnFailure(error) ? notIssued(wanted.common_name) : error;
      });
      return { certificate: answer.certificate, privateKey: answer.private_key };
    },
    async list({ status, limit, offset }) {
      const query = { status, limit, offset };
      const subject = "the list of certificates";
      const list = await send({
        method: "GET",
        path: "/api/v1/ca/certificates",
        query,
        schema: CertificateList,
        subject,
      });
      // In the controller's order, newest first: its pages follow that, whatever is shown of them.
      return { rows: list.rows, total: list.total ?? offset + list.rows.length };
    },
    async revoke(certificateId, reason) {
      await revocable(certificateId);
      await send({
        method: "POST",
        path: `/api/v1/ca/certificates/${certificateId}/revoke`,
        body: { reason },
        schema: z.unknown(),
        subject: `certificate ${certificateId}`,
      });
      const after = await get(certificateId).catch((error: unknown) => {
        throw error instanceof Fault ? notReadBack(certificateId, error) : error;
      });
      if (after.status !== "revoked") throw notRevoked(after);
      return after;
    },
  };
}
