import { describe, expect, test } from "vitest";
import type { AnyTool } from "../../src/contract/tool.ts";
import {
  createGpioDevice,
  deleteGpioDevice,
  listGpioDevices,
  readGpioPin,
  writeGpioPin,
} from "../../src/tools/gpio.ts";
import { discoverNodes, getNodeInfo } from "../../src/tools/node.ts";
import { nodeGpio } from "../../src/resources/gpio-state.ts";
import { type Answers, readUri, recording, runTool } from "../support/recording.ts";

/** Homes whose controller keeps positions on the header, while everything above the client speaks BCM. */

/** Positions: 12 is BCM 18; 2 is 5 V. */
const device = (id: number, pin_number: number) => ({
  id,
  node_id: 4,
  pin_number,
  name: `device ${id}`,
  mode: "output",
  current_value: 0,
});
const LED = device(15, 12);
const ODD = device(16, 2);

const SHOWN = { id: 15, pin_number: 18, header_pin: 12 };
const SHOWN_ODD = { id: 16, pin_number: null, header_pin: 2 };

const node = { id: 4, name: "pi-4", ip_address: "192.168.1.4", role: "worker", status: "ready" };
const withPins = { ...node, gpio_devices: [LED, ODD] };

const home = (answers: Answers) => recording(answers, "released", "header");

describe("a home that counts header positions", () => {
  test.each<[AnyTool, object, string, unknown, string]>([
    [listGpioDevices, {}, "GET /api/v1/gpio", { data: [LED, ODD], total: 2 }, "gpio_devices"],
    [listGpioDevices, { node_id: 4 }, "GET /api/v1/nodes/4/gpio", { gpio_devices: [LED, ODD] }, "gpio_devices"],
  ])("$name %j shows both numbers, and no BCM number where there is none", async (tool, args, line, answer, rows) => {
    expect(await runTool(tool, args, home({ [line]: answer }))).toMatchObject({ [rows]: [SHOWN, SHOWN_ODD] });
  });

  test("the same of the devices of nodes, and of resources", async () => {
    const nodes = home({ "GET /api/v1/nodes": { data: [withPins], total: 1 } });
    expect(await runTool(discoverNodes, { include_gpio: true }, nodes)).toMatchObject({
      nodes: [{ gpio_devices: [SHOWN, SHOWN_ODD] }],
    });
    const one = home({ "GET /api/v1/nodes/4": { data: withPins } });
    expect(await runTool(getNodeInfo, { node_id: 4, include_gpio: true }, one)).toMatchObject({
      node: { gpio_devices: [SHOWN, SHOWN_ODD] },
    });
    const gpio = home({ "GET /api/v1/nodes/4/gpio": { gpio_devices: [LED, ODD] } });
    expect(await readUri(nodeGpio, "node://4/gpio", gpio)).toMatchObject({ gpio_devices: [SHOWN, SHOWN_ODD] });
  });

  test("a device is made on the position of its BCM number, and a taken one is known", async () => {
    const line = "POST /api/v1/gpio";
    const answers = { "GET /api/v1/nodes/4/gpio": { gpio_devices: [LED, ODD] }, [line]: { data: device(17, 16) } };
    const made = home(answers);
    const args = { node_id: 4, name: "pump", mode: "output" };
    expect(await runTool(createGpioDevice, { ...args, pin_number: 23 }, made)).toMatchObject({
      gpio_device: { id: 17, pin_number: 23, header_pin: 16 },
    });
    expect(made.asked.find(([asked]) => asked === line)?.[1].body).toMatchObject({ pin_number: 16 });
    await expect(runTool(createGpioDevice, { ...args, pin_number: 18 }, home(answers))).rejects.toMatchObject({
      type: "conflict",
      message: expect.stringContaining("BCM 18 (header pin 12) of node 4 is taken"),
    });
  });

  test("one that was made elsewhere than asked is a fault", async () => {
    const answers = { "GET /api/v1/nodes/4/gpio": { gpio_devices: [] }, "POST /api/v1/gpio": { data: device(17, 2) } };
    const args = { node_id: 4, name: "pump", mode: "output", pin_number: 23 };
    await expect(runTool(createGpioDevice, args, home(answers))).rejects.toMatchObject({
      type: "gpio_failed",
      message: expect.stringContaining("on header position 2 instead of output on BCM 23"),
    });
  });

  test("a position without a GPIO is read, but not written, and its deletion says where it is", async () => {
    const answers = {
      "GET /api/v1/gpio": { data: [LED, ODD], total: 2 },
      "GET /api/v1/gpio/16": { data: ODD },
      "POST /api/v1/gpio/16/read": { data: { device_id: 16, value: 1 } },
    };
    const odd = home(answers);
    await runTool(listGpioDevices, {}, odd);
    expect(await runTool(readGpioPin, { gpio_id: 16 }, odd)).toMatchObject({ pin_number: null, header_pin: 2 });
    await expect(runTool(writeGpioPin, { gpio_id: 16, value: 1 }, odd)).rejects.toMatchObject({
      type: "invalid_input",
      message: expect.stringContaining("header position 2, which carries no GPIO"),
    });
    expect(odd.asked.some(([line]) => line.endsWith("/write"))).toBe(false);
    expect(await deleteGpioDevice.preview?.({ gpio_id: 16 }, odd.context)).toContain("header position 2 of node 4");
  });

  test("a home that counts BCM shows what it keeps", async () => {
    const bcm = recording({ "GET /api/v1/gpio": { data: [LED], total: 1 } });
    expect(await runTool(listGpioDevices, {}, bcm)).toMatchObject({
      gpio_devices: [{ pin_number: 12, header_pin: 32 }],
    });
  });
});
