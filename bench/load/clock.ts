/**
 * The Worker's clock, which a bench can set ahead: so that what is cleaned up in days or months is cleaned up now, by
 * the gateway's own code and at the times that it has chosen itself. Import it before anything else.
 */

const present = Date.now.bind(Date);
let ahead = 0;

/** Sets the clock so many milliseconds ahead of the true time. */
export function setAhead(ms: number): void {
  ahead = ms;
}

Date.now = () => present() + ahead;
globalThis.Date = new Proxy(Date, {
  construct(target, given, newTarget) {
    // oxlint-disable-next-line typescript/no-unsafe-return -- whatever a date is made of
    return Reflect.construct(target, given.length === 0 ? [Date.now()] : given, newTarget);
  },
});
