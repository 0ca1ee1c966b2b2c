import * as z from "zod";

/** How a resource says what it left out; a resource has no pages. */
export const LeftOutFields = {
  total: z.number().int(),
  left_out: z.number().int().describe("rows that did not fit"),
  rest: z.string().nullable().describe("how to get them"),
};

/** The fields of `LeftOutFields`. */
export function leftOut(total: number, shown: number, rest: string) {
  return { total, left_out: total - shown, rest: shown < total ? rest : null };
}
