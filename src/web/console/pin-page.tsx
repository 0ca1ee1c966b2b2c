import { Hono } from "hono";
import * as z from "zod";
import type { Freeze } from "../../contract/activity.ts";
import type { Reservation } from "../../contract/reservation.ts";
import { atLeast, type Role } from "../../contract/role.ts";
import { LEVEL_NAME } from "../../lib/level.ts";
import type { GpioDevice } from "../../pi/schemas/gpio.ts";
import { Layout, type Signed } from "../layout.tsx";
import { HOMES_PATH } from "../next.ts";
import { breakHold } from "./acts.ts";
import { idIn } from "./overview.ts";
import { Frozen, homePath, nodePath, pinPath, ReasonField } from "./parts.tsx";
import { Hold } from "./reservations-view.tsx";
import { type ConsoleParts, forVisits, signedAt } from "./visit.tsx";

interface PageProps {
  readonly homeId: string;
  readonly homeName: string;
  readonly user: string;
  readonly role: Role;
  readonly device: GpioDevice;
  readonly held: Reservation | null;
  readonly freeze: Freeze | null;
  readonly signed: Signed;
}

function BreakForm({
  homeId,
  user,
  device,
  held,
}: Pick<PageProps, "homeId" | "user" | "device"> & { held: Reservation }) {
  return (
    <form method="post" action={pinPath(homeId, device.id)}>
      <input type="hidden" name="user" value={user} />
      <input type="hidden" name="fence" value={String(held.fence)} />
      <p>
        Breaking it ends the hold at once: its holder’s next call is refused.
        {held.on_expire === null
          ? " The pin keeps its present level."
          : ` The pin is then driven to ${LEVEL_NAME[held.on_expire]}, as its holder wished for its end.`}
      </p>
      <ReasonField />
      <button class="grave" type="submit">
        Break the reservation
      </button>
    </form>
  );
}

function PinPage({ homeId, homeName, user, role, device, held, freeze, signed }: PageProps) {
  const { name, description, node_id, pin_number } = device;
  const isAdmin = atLeast(role, "admin");
  return (
    <Layout title={`${name}, ${homeName}`} signed={signed}>
      <p class="crumb">
        <a href={homePath(homeId)}>{homeName}</a>, <a href={nodePath(homeId, node_id)}>Pi {node_id}</a>
      </p>
      <h1>{name}</h1>
      <Frozen freeze={freeze} homeId={homeId} />
      <p class="lead">
        {description ?? "GPIO device"}, {pin_number === null ? "no GPIO" : `BCM ${pin_number}`}, last known as{" "}
        {LEVEL_NAME[device.current_value]}.
      </p>
      {held === null ? (
        <p>It is not reserved.</p>
      ) : (
        <p>
          <Hold held={held} />
        </p>
      )}
      {held !== null && isAdmin ? <BreakForm {...{ homeId, user, device, held }} /> : null}
      {held !== null && !isAdmin ? <p class="hint">Only its holder and admins of {homeName} can end it.</p> : null}
    </Layout>
  );
}

const BreakWish = z.object({
  user: z.string(),
  /** Of the hold that was shown: breaking another one was not agreed to. */
  fence: z.coerce.number().int(),
  reason: z.string().trim().min(3).max(200),
});

/** The page of one pin, where an admin breaks its reservation. */
export function pinRoutes(parts: ConsoleParts): Hono {
  const app = new Hono();

  app.get(
    `${HOMES_PATH}/:home/pins/:pin`,
    forVisits(parts, async (visit) => {
      const { c, home, person } = visit;
      const gpioId = idIn(c.req.param("pin"));
      const [role, device, held, freeze] = await Promise.all([
        home.presentRole(0),
        home.pi.gpio.get(gpioId),
        home.reservations.state(gpioId),
        home.activity.frozen(),
      ]);
      const { id: homeId, name: homeName } = home.home;
      const signed = signedAt(visit, HOMES_PATH);
      return c.html(<PinPage {...{ homeId, homeName, role, device, held, freeze, signed }} user={person.userId} />);
    }),
  );

  app.post(
    `${HOMES_PATH}/:home/pins/:pin`,
    forVisits(parts, async (visit) => {
      const { c, home, person } = visit;
      const gpioId = idIn(c.req.param("pin"));
      const homeId = home.home.id;
      const wish = BreakWish.safeParse(await c.req.parseBody()).data;
      if (wish?.user !== person.userId) return c.redirect(pinPath(homeId, gpioId), 303);
      await breakHold(home, { gpioId, ...wish });
      return c.redirect(`${homePath(homeId)}?done=broken`, 303);
    }),
  );

  return app;
}
