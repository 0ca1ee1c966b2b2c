import type { GpioDevice, Level, Wire } from "./state.ts";

const DAY = 86_400_000;

interface Plan {
  readonly direction: "input" | "output";
  readonly about: string;
  readonly pull?: "up" | "down";
  readonly type?: "analog" | "pwm";
  readonly level?: Level;
  readonly config?: GpioDevice["config"];
}

type Planned = readonly [id: number, node: number, pin: number, name: string, plan: Plan];

const THERMOMETER: Plan = {
  direction: "input",
  about: "Readings in °C; the pin is 1 above 22 °C",
  type: "analog",
  config: { sample_rate: 60 },
};

const DEVICES: readonly Planned[] = [
  [11, 1, 17, "status-led", { direction: "output", about: "Green LED on the case", level: 1 }],
  [
    12,
    1,
    27,
    "case-fan",
    { direction: "output", about: "Fan", type: "pwm", config: { frequency: 25_000, duty_cycle: 40 } },
  ],
  [13, 2, 23, "push-button", { direction: "input", about: "Button by the door; 1 while pressed", pull: "down" }],
  [14, 2, 24, "led-sense", { direction: "input", about: "Sees whether led-strip is lit", pull: "down" }],
  [15, 2, 18, "led-strip", { direction: "output", about: "LED strip over the desk" }],
  [16, 2, 25, "light-sensor", { direction: "input", about: "1 in daylight", config: { sample_rate: 300 } }],
  [17, 3, 4, "room-temperature", THERMOMETER],
  [18, 4, 22, "relay", { direction: "output", about: "Socket of the desk lamp" }],
  [19, 7, 5, "pump", { direction: "output", about: "Water pump" }],
  [20, 7, 6, "grow-light", { direction: "output", about: "Light over the seedlings", level: 1 }],
  [21, 7, 16, "soil-dry", { direction: "input", about: "1 while the soil is dry, 0 while the pump runs" }],
  [22, 8, 13, "vent-fan", { direction: "output", about: "Fan in the roof" }],
  [23, 9, 12, "workshop-door", { direction: "input", about: "1 while the door is open", pull: "up" }],
];

/** What is soldered to what. */
export const WIRES: readonly Wire[] = [
  { node_id: 2, pin: 23, to: { kind: "button" } },
  { node_id: 2, pin: 24, to: { kind: "output", pin: 18, inverted: false } },
  { node_id: 2, pin: 25, to: { kind: "daylight" } },
  { node_id: 3, pin: 4, to: { kind: "temperature", threshold_celsius: 22 } },
  { node_id: 7, pin: 16, to: { kind: "output", pin: 5, inverted: true } },
  { node_id: 9, pin: 12, to: { kind: "button" } },
];

/** The GPIO devices of the demo home. */
export function deviceRows(now: number): GpioDevice[] {
  return DEVICES.map(([id, node_id, pin_number, name, plan]) => {
    const created_at = now - 30 * DAY + id * 60_000;
    return {
      id,
      created_at,
      updated_at: created_at,
      deleted_at: null,
      node_id,
      name,
      description: plan.about,
      pin_number,
      direction: plan.direction,
      pull_mode: plan.pull ?? "none",
      device_type: plan.type ?? "digital",
      status: "active",
      value: plan.level ?? 0,
      config: plan.config ?? {},
    };
  });
}

/** The levels that the outputs drive at first. */
export function firstLevels(): Record<string, Level> {
  return Object.fromEntries(
    DEVICES.flatMap(([, node, pin, , { level }]) => (level === 1 ? [[`${node}:${pin}`, level]] : [])),
  );
}
