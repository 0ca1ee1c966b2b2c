/** The 40-pin header of every Raspberry Pi since 2014 (Raspberry Pi documentation, "GPIO and the 40-pin header"). */

/** Header position → BCM number, for the 28 positions that carry a GPIO. */
const BCM_AT: Readonly<Record<number, number>> = {
  3: 2,
  5: 3,
  7: 4,
  8: 14,
  10: 15,
  11: 17,
  12: 18,
  13: 27,
  15: 22,
  16: 23,
  18: 24,
  19: 10,
  21: 9,
  22: 25,
  23: 11,
  24: 8,
  26: 7,
  27: 0,
  28: 1,
  29: 5,
  31: 6,
  32: 12,
  33: 13,
  35: 19,
  36: 16,
  37: 26,
  38: 20,
  40: 21,
};

const POSITION_OF = new Map(Object.entries(BCM_AT).map(([position, bcm]) => [bcm, Number(position)]));

/** Positions without a GPIO. */
const POWER_AT: Readonly<Record<number, string>> = {
  1: "3.3 V power",
  2: "5 V power",
  4: "5 V power",
  6: "ground",
  9: "ground",
  14: "ground",
  17: "3.3 V power",
  20: "ground",
  25: "ground",
  30: "ground",
  34: "ground",
  39: "ground",
};

/** BCM pins that a Pi needs for something else; most controllers refuse them too (contract, section 4.4). */
const SPECIAL: Readonly<Record<number, string>> = {
  0: "the boot EEPROM of HATs (ID_SD)",
  1: "the boot EEPROM of HATs (ID_SC)",
  2: "I²C data (SDA)",
  3: "I²C clock (SCL)",
  7: "SPI chip select 1 (CE1)",
  8: "SPI chip select 0 (CE0)",
  9: "SPI data in (MISO)",
  10: "SPI data out (MOSI)",
  11: "SPI clock (SCLK)",
  14: "UART transmit (TXD)",
  15: "UART receive (RXD)",
};

/** BCM pins that any device may use, in rising order. */
export const FREE_PINS: readonly number[] = [...POSITION_OF.keys()]
  .filter((bcm) => !(bcm in SPECIAL))
  .toSorted((a, b) => a - b);

/** What a position of the header carries that has no GPIO; `undefined` if it has one, or is not there. */
export function powerAt(position: number): string | undefined {
  return POWER_AT[position];
}

/** How a controller numbers pins: by BCM number, or by position on the 40-pin header. */
export type PinNumbering = "bcm" | "header";

/** The BCM pin at a header position; `null` if that carries no GPIO. */
export function bcmAt(position: number): number | null {
  return BCM_AT[position] ?? null;
}

/** The header position of a BCM pin; `null` if it has none. */
export function headerPin(bcm: number): number | null {
  return POSITION_OF.get(bcm) ?? null;
}

/** What a Pi usually needs a BCM pin for; `null` if it is free. */
export function usualUse(bcm: number): string | null {
  return SPECIAL[bcm] ?? null;
}

/** "BCM 18 (header pin 12)". */
export function pinName(bcm: number): string {
  return `BCM ${bcm} (header pin ${headerPin(bcm) ?? "none"})`;
}

/** Why a device must not use a BCM pin; `null` if it may. */
export function pinProblem(bcm: number): string | null {
  if (POSITION_OF.has(bcm)) return bcm in SPECIAL ? `${pinName(bcm)} is ${SPECIAL[bcm]}` : null;
  const other = BCM_AT[bcm] === undefined ? POWER_AT[bcm] : pinName(BCM_AT[bcm]);
  const hint = other === undefined ? "" : ` (position ${bcm} of the header is ${other})`;
  return `there is no BCM pin ${bcm}: they go from 0 to 27${hint}`;
}
