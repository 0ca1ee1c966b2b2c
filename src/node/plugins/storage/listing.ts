/** One object of a bucket. */
export interface Listed {
  readonly key: string;
  readonly size_bytes: number;
  readonly modified: string;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/** The text of an element, as XML writes it. */
const plain = (xml: string) => xml.replace(/&(lt|gt|amp|quot|apos);/g, (_, name: string) => ENTITIES[name] ?? "");

const inside = (xml: string, name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];

/**
 * The answer of ListObjectsV2 with `encoding-type=url`. These few elements hold text only, so no XML parser is needed;
 * an answer that is something else has none of them.
 */
export function parseListing(
  xml: string,
): { readonly objects: Listed[]; readonly next: string | undefined } | undefined {
  if (!/<ListBucketResult[\s>]/.test(xml)) return undefined;
  const objects = xml
    .split("<Contents>")
    .slice(1)
    .flatMap((part) => {
      const key = inside(part, "Key");
      return key === undefined
        ? []
        : [
            {
              key: decoded(plain(key)),
              size_bytes: Number(inside(part, "Size") ?? 0),
              modified: inside(part, "LastModified") ?? "",
            },
          ];
    });
  const next = inside(xml, "NextContinuationToken");
  return { objects, next: next === undefined ? undefined : plain(next) };
}

function decoded(key: string): string {
  try {
    return decodeURIComponent(key.replaceAll("+", "%20"));
  } catch {
    return key;
  }
}

/** The code and sentence of an error of S3. */
export function parseTrouble(xml: string): string {
  const code = inside(xml, "Code");
  const message = inside(xml, "Message");
  return code === undefined
    ? "it does not say why"
    : `${plain(code)}${message === undefined ? "" : `: ${plain(message)}`}`;
}
