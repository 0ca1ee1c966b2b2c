import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

/** Certificates for tests, made with Node alone: X.509 v3 (RFC 5280) over P-256, just as much as TLS needs. */

const der = (tag: number, ...parts: readonly Uint8Array[]): Buffer => {
  const body = Buffer.concat(parts);
  const { length } = body;
  const size = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
};
const hex = (text: string) => Buffer.from(text, "hex");
const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts);
const oid = (bytes: string) => der(0x06, hex(bytes));

const ECDSA_SHA256 = sequence(oid("2a8648ce3d040302"));
const YES = der(0x01, hex("ff"));

const nameOf = (name: string) => sequence(der(0x31, sequence(oid("550403"), der(0x0c, Buffer.from(name)))));

const timeOf = (ms: number) => der(0x18, Buffer.from(new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, "")));

const extension = (id: string, critical: boolean, value: Uint8Array) =>
  sequence(oid(id), ...(critical ? [YES] : []), der(0x04, value));

const pem = (bytes: Uint8Array) =>
  `-----BEGIN CERTIFICATE-----\n${Buffer.from(bytes).toString("base64").replaceAll(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;

interface Signer {
  readonly name: string;
  readonly key: KeyObject;
}

let serial = 1;

function certificate(subject: string, publicKey: KeyObject, by: Signer, extensions: readonly Uint8Array[]): string {
  const day = 24 * 60 * 60 * 1000;
  const body = sequence(
    der(0xa0, der(0x02, hex("02"))),
    der(0x02, Buffer.from([(serial += 1)])),
    ECDSA_SHA256,
    nameOf(by.name),
    sequence(timeOf(Date.now() - day), timeOf(Date.now() + day)),
    nameOf(subject),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  return pem(sequence(body, ECDSA_SHA256, der(0x03, hex("00"), sign("sha256", body, by.key))));
}

/** A private authority, and the certificate that it gave to 127.0.0.1. */
export interface PrivateAuthority {
  /** Its own certificate, in PEM form. */
  readonly ca: string;
  readonly server: { readonly cert: string; readonly key: string };
}

export function privateAuthority(name = "A private authority"): PrivateAuthority {
  const authority = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const server = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const signer = { name, key: authority.privateKey };
  const isAuthority = extension("551d13", true, sequence(YES));
  const isLocal = extension("551d11", false, sequence(der(0x87, Buffer.from([127, 0, 0, 1]))));
  return {
    ca: certificate(name, authority.publicKey, signer, [isAuthority]),
    server: {
      cert: certificate("127.0.0.1", server.publicKey, signer, [isLocal]),
      key: server.privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    },
  };
}
