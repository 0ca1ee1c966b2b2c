import { Hono } from "hono";
import type { Freeze } from "../../contract/activity.ts";
import type { Reservation } from "../../contract/reservation.ts";
import { atLeast, type Role } from "../../contract/role.ts";
import type { GpioDevice } from "../../pi/schemas/gpio.ts";
import type { NodeMetrics } from "../../pi/schemas/metrics.ts";
import type { PiNode } from "../../pi/schemas/node.ts";
import { Layout, type Signed } from "../layout.tsx";
import { HOMES_PATH } from "../next.ts";
import { Moment } from "./format.tsx";
import { HeaderView, Legend } from "./header-view.tsx";
import { idIn, type Known, known } from "./overview.ts";
import { Frozen, homePath, Live, LiveBar } from "./parts.tsx";
import { StateChip } from "./pi-card.tsx";
import { Reserved } from "./reservations-view.tsx";
import { Vitals } from "./vitals.tsx";
import { type ConsoleParts, forVisits, partOf, signedAt, type Visit } from "./visit.tsx";

/** Seconds between two looks; each costs the home one request, and those of the pins a second one for the role. */
const PINS_EVERY = 5;
const VITALS_EVERY = 30;

/** The pins of one Pi, with who holds them. */
interface Pins {
  readonly devices: readonly GpioDevice[];
  readonly reservations: readonly Reservation[];
  readonly freeze: Freeze | null;
}

interface PinsProps {
  readonly homeId: string;
  readonly role: Role;
  readonly pins: Pins;
}

const whereOf = ({ pin_number, header_pin }: GpioDevice) =>
  pin_number === null ? `position ${header_pin ?? "not known"}` : `BCM ${pin_number}`;

function PinsView({ homeId, role, pins }: PinsProps) {
  const { devices, reservations } = pins;
  const nameOf = (gpioId: number) => {
    const device = devices.find(({ id }) => id === gpioId);
    return device === undefined ? `GPIO device ${gpioId}` : `${device.name} (${whereOf(device)})`;
  };
  return (
    <div class="beside">
      <HeaderView devices={devices} reservations={reservations} />
      <div>
        <h2>Reserved here</h2>
        <Reserved {...{ homeId, reservations, nameOf }} isAdmin={atLeast(role, "admin")} />
        <h2>Devices</h2>
        {devices.length === 0 ? <p class="hint">No device is registered on this Pi.</p> : null}
        <dl class="devices">
          {devices.map((device) => (
            <div>
              <dt>
                {device.name} <span class="hint">{`${whereOf(device)}, device ${device.id}`}</span>
              </dt>
              <dd>{device.description}</dd>
            </div>
          ))}
        </dl>
        <p class="hint">
          Levels as the controller last knew them, as of <Moment at={new Date().toISOString()} seconds />.
        </p>
      </div>
    </div>
  );
}

interface PageProps extends PinsProps {
  readonly homeName: string;
  readonly node: PiNode;
  readonly metrics: Known<NodeMetrics>;
  readonly signed: Signed;
}

function NodePage({ homeId, homeName, role, node, metrics, pins, signed }: PageProps) {
  const { name, status, hardware, os_version, ip_address, last_seen } = node;
  const memory = hardware.memory_mb === null ? null : `${Math.round(hardware.memory_mb / 1024)} GiB`;
  const facts = [hardware.model, memory, os_version, ip_address].filter((fact) => fact !== null);
  return (
    <Layout title={`${name}, ${homeName}`} signed={signed} wide live>
      <p class="crumb">
        <a href={homePath(homeId)}>{homeName}</a>
      </p>
      <h1>{name}</h1>
      <Frozen freeze={pins.freeze} homeId={homeId} />
      <p class="lead">
        <StateChip status={status} /> {facts.join(", ")}
        {last_seen === null ? null : (
          <>
            . Last seen <Moment at={last_seen} />
          </>
        )}
      </p>
      <LiveBar every="The pins are followed while you look at them." />
      <Live id="vitals" every={VITALS_EVERY}>
        <Vitals metrics={metrics} />
      </Live>
      <Live id="pins" every={PINS_EVERY}>
        <PinsView {...{ homeId, role, pins }} />
      </Live>
      <Legend />
    </Layout>
  );
}

async function pinsAt({ home }: Visit, nodeId: number): Promise<Pins> {
  const [devices, reservations, freeze] = await Promise.all([
    home.pi.nodes.gpio(nodeId),
    home.reservations.list(false),
    home.activity.frozen(),
  ]);
  const here = new Set(devices.map(({ id }) => id));
  return { devices, reservations: reservations.filter(({ gpio_id }) => here.has(gpio_id)), freeze };
}

async function part(visit: Visit, nodeId: number, name: string) {
  const { c, home } = visit;
  if (name === "vitals") {
    const metrics = await known(home.pi.metrics(nodeId));
    return c.html(
      <div id="vitals">
        <Vitals metrics={metrics} />
      </div>,
    );
  }
  const homeId = home.home.id;
  const [role, pins] = await Promise.all([home.presentRole(0), pinsAt(visit, nodeId)]);
  return c.html(
    <>
      <Frozen freeze={pins.freeze} homeId={homeId} />
      <div id="pins">
        <PinsView {...{ homeId, role, pins }} />
      </div>
    </>,
  );
}

/** The page of one Pi. */
export function nodeRoutes(parts: ConsoleParts): Hono {
  const app = new Hono();

  app.get(
    `${HOMES_PATH}/:home/nodes/:node`,
    forVisits(parts, async (visit) => {
      const { c, home } = visit;
      const nodeId = idIn(c.req.param("node"));
      const wish = partOf(c);
      if (wish !== undefined) return part(visit, nodeId, wish);
      const role = await home.presentRole(0);
      const [node, pins, metrics] = await Promise.all([
        home.pi.nodes.get(nodeId, { include_gpio: false }),
        pinsAt(visit, nodeId),
        known(home.pi.metrics(nodeId)),
      ]);
      const { id: homeId, name: homeName } = home.home;
      const signed = signedAt(visit, HOMES_PATH);
      return c.html(<NodePage {...{ homeId, homeName, role, node, metrics, pins, signed }} />);
    }),
  );

  return app;
}
