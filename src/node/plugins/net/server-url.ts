import * as z from "zod";

/** Address of a server, maybe with a path: http or https, without account, query and last slash. */
export const ServerUrl = z
  .string()
  .max(2000)
  .refine((text) => isPlain(URL.parse(text)), "is no address such as http://127.0.0.1:11434/v1")
  .transform((text) => text.replace(/\/+$/, ""));

function isPlain(url: URL | null): boolean {
  if (url === null || !/^https?:$/.test(url.protocol)) return false;
  return [url.username, url.password, url.search, url.hash].every((part) => part === "");
}
