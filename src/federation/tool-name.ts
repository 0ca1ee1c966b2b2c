/** The longest name of a tool: clients put the name of a server before it, and some end at 64 characters. */
const MAX_NAME = 24;
const KEPT = 19;
/** FNV-1a, of 32 bits. Two long names with the same four characters are two tools of one name, and refused as such. */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const DIGITS = 36 ** 4;

/** Names that begin so are kept for the gateway. */
const RESERVED_PREFIX = "pimcp_";

function hashOf(text: string): string {
  let hash = FNV_OFFSET;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME);
  return ((hash >>> 0) % DIGITS).toString(36).padStart(4, "0");
}

/** A capability's name as a tool: "file.search" is "file_search"; a long one is cut, and told apart by a hash. */
export function toolNameOf(capability: string): string {
  const name = capability.replace(".", "_");
  return name.length <= MAX_NAME ? name : `${name.slice(0, KEPT)}_${hashOf(capability)}`;
}

/** Whether a tool's name is ours. @param ours the names of the gateway's own tools */
export function isOurs(tool: string, ours: ReadonlySet<string>): boolean {
  return tool.startsWith(RESERVED_PREFIX) || ours.has(tool);
}
