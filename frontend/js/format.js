// Amounts and times as people read them. Pure: every function gets what it needs, the clock included.

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Writes integer minor units as an amount: 123456 EUR becomes "€1,234.56".
 * @param {number} cents
 * @param {string} currency ISO 4217 code
 */
export function money(cents, currency) {
  return new Intl.NumberFormat("en-IE", { style: "currency", currency }).format(cents / 100);
}

/**
 * Writes a length of time with its two largest units: "84 ms", "1.2 s", "4 min 5 s", "2 d 3 h".
 * @param {number} ms
 */
export function duration(ms) {
  if (ms < SECOND) return `${Math.max(0, Math.round(ms))} ms`;
  if (ms < 10 * SECOND) return `${(ms / SECOND).toFixed(1)} s`;
  const seconds = Math.round(ms / SECOND);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return pair(Math.floor(seconds / 60), "min", seconds % 60, "s");
  const minutes = Math.round(ms / MINUTE);
  if (minutes < 24 * 60) return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(ms / HOUR);
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

/**
 * @param {number} large
 * @param {string} largeUnit
 * @param {number} small
 * @param {string} smallUnit
 */
function pair(large, largeUnit, small, smallUnit) {
  return small ? `${large} ${largeUnit} ${small} ${smallUnit}` : `${large} ${largeUnit}`;
}

/**
 * Says how long ago something happened, coarsely, so that the text is calm: "just now", "12 s ago", "3 h ago".
 * @param {string} at RFC 3339
 * @param {number} now milliseconds since the epoch
 */
export function ago(at, now) {
  const ms = now - Date.parse(at);
  if (ms < 5 * SECOND) return "just now";
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s ago`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ago`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ago`;
  return `${Math.floor(ms / DAY)} d ago`;
}

/**
 * Says how much time is left until a deadline, or that it has passed.
 * @param {string} at RFC 3339
 * @param {number} now milliseconds since the epoch
 */
export function remaining(at, now) {
  const ms = Date.parse(at) - now;
  if (ms <= 0) return "past its deadline";
  const whole = ms < MINUTE ? Math.ceil(ms / SECOND) * SECOND : ms;
  return ms < 10 * SECOND ? `${whole / SECOND} s left` : `${duration(whole)} left`;
}

/**
 * Writes a moment in the reader's own time zone: "21 Nov, 14:03:09".
 * @param {string} at RFC 3339
 */
export function moment(at) {
  return new Intl.DateTimeFormat("en-IE", {
    day: "numeric",
    month: "short",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).format(new Date(at));
}

/**
 * "1 line", "3 lines".
 * @param {number} count
 * @param {string} noun singular, whose plural takes an s
 */
export function counted(count, noun) {
  return `${count.toLocaleString("en-IE")} ${noun}${count === 1 ? "" : "s"}`;
}

/**
 * The part of an order id that people can say aloud; the whole id stays in links and titles.
 * @param {string} orderId
 */
export function shortId(orderId) {
  return orderId.slice(0, 9);
}
