import type { Reservation } from "../../contract/reservation.ts";
import { LEVEL_NAME } from "../../lib/level.ts";
import { duration, Moment } from "./format.tsx";
import { Chip, pinPath } from "./parts.tsx";

interface ReservedProps {
  readonly homeId: string;
  readonly reservations: readonly Reservation[];
  /** Which pin a device is, in words. */
  readonly nameOf: (gpioId: number) => string;
  /** Whether the reader may break them. */
  readonly isAdmin: boolean;
}

/** How a hold stands, in a sentence. */
export function Hold({ held }: { held: Reservation }) {
  const { holder, client_id, state, expires_at, seconds_left, on_expire, problem } = held;
  return (
    <>
      {state === "making_safe" ? <Chip tone="bad">Making safe</Chip> : <Chip tone="plain">Reserved</Chip>} by{" "}
      <strong>{holder}</strong> as “{client_id}”
      {state === "held" ? (
        <>
          , {duration(seconds_left)} left, until <Moment at={expires_at} />
        </>
      ) : null}
      .{on_expire === null ? "" : ` Then it is driven to ${LEVEL_NAME[on_expire]}.`}
      {problem === null ? null : ` Not yet confirmed: ${problem}`}
    </>
  );
}

/** The reserved pins, each with who holds it. */
export function Reserved({ homeId, reservations, nameOf, isAdmin }: ReservedProps) {
  if (reservations.length === 0) return <p class="hint">No pin is reserved.</p>;
  return (
    <ul class="rows">
      {reservations.map((held) => (
        <li>
          <div>
            <h3>{nameOf(held.gpio_id)}</h3>
            <p>
              <Hold held={held} />
            </p>
          </div>
          {isAdmin ? (
            <a
              class="button small"
              id={`break-${held.gpio_id}`}
              href={pinPath(homeId, held.gpio_id)}
              aria-label={`Break the reservation of ${nameOf(held.gpio_id)}`}
            >
              Break…
            </a>
          ) : null}
        </li>
      ))}
    </ul>
  );
}
