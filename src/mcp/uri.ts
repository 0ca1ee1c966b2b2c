/** How a resource's URI says which of several homes is meant: `cluster://1/status?home=cottage`. */
const HOME_QUERY = /^(?<uri>[^?]*)\?home=(?<home>[a-z0-9-]{1,32})$/;

/** The same in a template (RFC 6570). */
export const HOME_IN_TEMPLATE = "{?home}";

/** A URI that names its home. */
export function forHome(uri: string, homeId: string): string {
  return `${uri}?home=${homeId}`;
}

/** A URI without its home, and the home if it names one. */
export function splitHome(uri: string): { uri: string; home: string | undefined } {
  const groups = HOME_QUERY.exec(uri)?.groups;
  return { uri: groups?.["uri"] ?? uri, home: groups?.["home"] };
}

/** A template without its home. */
export function withoutHome(template: string): string {
  return template.endsWith(HOME_IN_TEMPLATE) ? template.slice(0, -HOME_IN_TEMPLATE.length) : template;
}
