import * as z from "zod";

/** Ids are unsigned 32-bit integers (contract, section 4). */
export const Id = z.number().int().min(1).max(4_294_967_295);
