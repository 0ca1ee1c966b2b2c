import type { Context } from "../contract/context.ts";
import { PinOf } from "../pi/schemas/gpio.ts";

/** A device as sentences name it. */
export const device = (gpioId: number) => `GPIO device ${gpioId}`;

/** The fields by which an answer says which pin it is about. */
export const PinFields = PinOf.shape;

/** Adds these fields to answers, once what was asked for is done; null where the home does not tell. */
export async function withPins<Answer extends { readonly gpio_id: number }>(
  answers: readonly Answer[],
  { pi }: Pick<Context, "pi">,
): Promise<(Answer & PinOf)[]> {
  const pinOf = await pi.gpio.pinsOf(answers.map(({ gpio_id }) => gpio_id));
  return answers.map((answer) => ({ ...answer, ...pinOf(answer.gpio_id) }));
}

/** The same for one answer. */
export async function withPin<Answer extends { readonly gpio_id: number }>(
  answer: Answer,
  { pi }: Pick<Context, "pi">,
): Promise<Answer & PinOf> {
  const pinOf = await pi.gpio.pinsOf([answer.gpio_id]);
  return { ...answer, ...pinOf(answer.gpio_id) };
}
