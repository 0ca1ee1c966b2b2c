/** What a person is told who works at the node: what, why, what next. */
export class Trouble extends Error {
  override readonly name = "Trouble";
}

/** Why something failed, as far as it is known; for people. */
export function whyOf(error: unknown): string {
  if (!(error instanceof Error)) return "for a reason that is not known";
  if (error.message !== "") return error.message;
  // Node's errors about several addresses have their words inside.
  if (error instanceof AggregateError) return error.errors.map((each) => whyOf(each)).join(", ");
  return "code" in error ? String(error.code) : error.name;
}
