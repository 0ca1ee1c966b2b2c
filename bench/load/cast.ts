/** Who is there: the same people and homes in each run, in the process that plays the homes and in the one that plays the clients. */

/** As many as one gateway takes. */
export const HOMES = 50;
/** Of each person. */
export const SESSIONS = 3;
/** How long each home takes for each request, in milliseconds. */
export const LATENCY_MS = 150;
export const PASSWORD = "load-password-1";

/** Every fifth home has a controller as they are released; the others do what the design document says. */
const RELEASED_EACH = 5;

/** One home. */
export interface CastHome {
  readonly index: number;
  readonly id: string;
  readonly name: string;
  readonly dialect: "documented" | "released";
}

/** One person, with what nobody else switches: so that each write has one sender. */
export interface CastPerson {
  readonly index: number;
  readonly username: string;
  readonly role: "viewer" | "operator" | "admin";
  readonly home: CastHome;
  /** Their place among the people of the home. */
  readonly place: number;
  /** Id of the GPIO device that they switch; viewers switch none. */
  readonly light: number;
  /** Id of one that is reserved before it is switched, as pumps and heaters are; few have one. */
  readonly pump: number | undefined;
}

const LIGHT_IDS = 100;
const PUMP_IDS = 200;
/** One in so many people of a home has a pump. */
const PUMP_EACH = 4;

export const HOMES_CAST: readonly CastHome[] = Array.from({ length: HOMES }, (_, index) => {
  const number = String(index).padStart(2, "0");
  const dialect = index % RELEASED_EACH === RELEASED_EACH - 1 ? "released" : "documented";
  return { index, id: `home-${number}`, name: `Home ${number}`, dialect };
});

/** Of the ten people of each half of a home, one is its admin and three only look. */
function roleAt(place: number): CastPerson["role"] {
  const of = place % 10;
  if (of === 0) return "admin";
  return of < 7 ? "operator" : "viewer";
}

/** So many people, spread over all homes; at most 27 in each. */
export function castOf(people: number): CastPerson[] {
  return Array.from({ length: people }, (_, index) => {
    const place = Math.floor(index / HOMES);
    const home = HOMES_CAST[index % HOMES];
    if (home === undefined) throw new Error("there is no home");
    const role = roleAt(place);
    return {
      index,
      username: `person-${index}`,
      role,
      home,
      place,
      light: LIGHT_IDS + place,
      pump: role !== "viewer" && place % PUMP_EACH === 0 ? PUMP_IDS + place : undefined,
    };
  });
}

/** An address of its own for each person, of the network that is set aside for benchmarks (RFC 2544). */
export function addressOf({ index }: CastPerson): string {
  return `198.18.${index >> 8}.${index & 255}`;
}
