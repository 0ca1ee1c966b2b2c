import type { Reservation } from "../../contract/reservation.ts";
import { LEVEL_NAME } from "../../lib/level.ts";
import type { GpioDevice } from "../../pi/schemas/gpio.ts";
import { bcmAt, powerAt, usualUse } from "../../pi/schemas/header.ts";

/** The 40-pin header of a Pi, as it lies before the reader with pin 1 at the upper left. */

const ROWS = Array.from({ length: 20 }, (_, row) => [2 * row + 1, 2 * row + 2] as const);

/** One position, with what is there. */
interface Position {
  readonly position: number;
  readonly devices: readonly GpioDevice[];
  readonly held: Reservation | undefined;
}

type Kind = "power5" | "power3" | "ground" | "special" | "free" | "in" | "low" | "high";

const POWER: Readonly<Record<string, Kind>> = { "5 V power": "power5", "3.3 V power": "power3", ground: "ground" };

function kindOf({ position, devices }: Position): Kind {
  const [device] = devices;
  const bcm = bcmAt(position);
  if (bcm === null) return POWER[powerAt(position) ?? ""] ?? "ground";
  if (device === undefined) return usualUse(bcm) === null ? "free" : "special";
  if (device.current_value === 1) return "high";
  return device.mode === "input" ? "in" : "low";
}

const MODES = { input: "input", output: "output", pwm: "PWM output" } as const;

const shortPower = (text: string) => text.replace(" power", "");

function DeviceLine({ device }: { device: GpioDevice }) {
  const { id, name, mode, current_value } = device;
  const level = LEVEL_NAME[current_value];
  return (
    <span class="device" id={`device-${id}`} data-say={`${name} is ${level}`}>
      <strong>{name}</strong>{" "}
      <span class={current_value === 1 ? "level on" : "level"}>
        {MODES[mode]} {level}
      </span>
    </span>
  );
}

function Label(at: Position) {
  const { position, devices, held } = at;
  const bcm = bcmAt(position);
  if (bcm === null) return <span class="use">{shortPower(powerAt(position) ?? "")}</span>;
  return (
    <>
      <span class="use">BCM {bcm}</span>
      {devices.map((device) => (
        <DeviceLine device={device} />
      ))}
      {devices.length === 0 && usualUse(bcm) !== null ? <span class="use usual">{usualUse(bcm)}</span> : null}
      {held === undefined ? null : (
        <span class="held" id={`held-${held.gpio_id}`} data-say={`reserved by ${held.holder}`}>
          reserved by {held.holder}
        </span>
      )}
    </>
  );
}

function Pad(at: Position) {
  return <span class={`pad ${kindOf(at)}${at.held === undefined ? "" : " locked"}`}>{at.position}</span>;
}

interface HeaderProps {
  readonly devices: readonly GpioDevice[];
  readonly reservations: readonly Reservation[];
}

/** Rows of two positions each: what is at the odd one, the two pads, what is at the even one. */
export function HeaderView({ devices, reservations }: HeaderProps) {
  const at = (position: number): Position => {
    const here = devices.filter(({ header_pin }) => header_pin === position);
    const held = reservations.find(({ gpio_id }) => here.some(({ id }) => id === gpio_id));
    return { position, devices: here, held };
  };
  return (
    <table class="header">
      <caption>The 40-pin header, pin 1 at the upper left</caption>
      <colgroup>
        <col />
        <col class="pad-column" />
        <col class="pad-column" />
        <col />
      </colgroup>
      <thead class="unseen">
        <tr>
          <th scope="col">At the odd position</th>
          <th scope="col">Odd position</th>
          <th scope="col">Even position</th>
          <th scope="col">At the even position</th>
        </tr>
      </thead>
      <tbody>
        {ROWS.map(([odd, even]) => (
          <tr>
            <td class="odd">
              <Label {...at(odd)} />
            </td>
            <td class="pads">
              <Pad {...at(odd)} />
            </td>
            <td class="pads">
              <Pad {...at(even)} />
            </td>
            <td>
              <Label {...at(even)} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const SIGNS: readonly (readonly [kind: string, meaning: string])[] = [
  ["high", "HIGH"],
  ["low", "LOW, output"],
  ["in", "LOW, input"],
  ["low locked", "reserved"],
  ["free", "no device"],
  ["special", "for something else"],
  ["power5", "5 V"],
  ["power3", "3.3 V"],
  ["ground", "ground"],
];

/** What the colours of the picture mean. */
export function Legend() {
  return (
    <ul class="legend" aria-label="Colours of the pins">
      {SIGNS.map(([kind, meaning]) => (
        <li>
          <span class={`pad ${kind}`} aria-hidden="true"></span> {meaning}
        </li>
      ))}
    </ul>
  );
}
