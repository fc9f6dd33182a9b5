// What the page calls things, and how it writes amounts and times. Every state is an icon, a word and a tone: colour
// alone never carries meaning. Pure: every function gets what it needs, the clock included.

/** @type {Record<string, Page.Label>} */
const ORDER_STATES = {
  SUBMITTED: { icon: "→", word: "Submitted", tone: "active" },
  PENDING_APPROVAL: { icon: "✎", word: "Waiting for approval", tone: "waiting" },
  COOLING_OFF: { icon: "◷", word: "Cooling off", tone: "waiting" },
  CHARGING: { icon: "→", word: "Charging", tone: "active" },
  FULFILLING: { icon: "→", word: "Being picked", tone: "active" },
  NEEDS_ATTENTION: { icon: "!", word: "Needs attention", tone: "alarm" },
  COMPLETED: { icon: "✓", word: "Completed", tone: "good" },
  REFUSED: { icon: "✕", word: "Refused", tone: "bad" },
  REJECTED: { icon: "✕", word: "Rejected", tone: "bad" },
  EXPIRED: { icon: "◷", word: "Expired", tone: "quiet" },
  WITHDRAWN: { icon: "↩", word: "Withdrawn", tone: "quiet" },
  FAILED: { icon: "✕", word: "Failed", tone: "bad" },
};

export const FINAL_STATES = new Set(["COMPLETED", "REFUSED", "REJECTED", "EXPIRED", "WITHDRAWN", "FAILED"]);
export const STATE_NAMES = Object.keys(ORDER_STATES);

/** @type {Record<string, Page.Label>} */
const OPERATION_STATES = {
  STARTED: { icon: "…", word: "Running", tone: "active" },
  READY: { icon: "…", word: "About to run", tone: "active" },
  WAITING: { icon: "◷", word: "Waiting", tone: "waiting" },
  PENDING: { icon: "↻", word: "Will try again", tone: "waiting" },
  SUCCEEDED: { icon: "✓", word: "Succeeded", tone: "good" },
  FAILED: { icon: "✕", word: "Failed", tone: "bad" },
  TIMED_OUT: { icon: "◷", word: "Timed out", tone: "quiet" },
  CANCELLED: { icon: "–", word: "Cancelled", tone: "quiet" },
  STOPPED: { icon: "■", word: "Stopped", tone: "alarm" },
  INTERRUPTED: { icon: "⚡", word: "Interrupted", tone: "bad" },
  ABANDONED: { icon: "–", word: "Left behind", tone: "quiet" },
};

/** @type {Record<string, Page.Label>} */
const EXECUTION_STATES = {
  RUNNING: { icon: "…", word: "Execution running", tone: "active" },
  SUCCEEDED: { icon: "✓", word: "Execution succeeded", tone: "good" },
  FAILED: { icon: "✕", word: "Execution failed", tone: "bad" },
  TIMED_OUT: { icon: "◷", word: "Execution timed out", tone: "bad" },
  STOPPED: { icon: "■", word: "Execution stopped", tone: "alarm" },
};

/** @type {Record<string, {icon: string, word: string}>} */
const OPERATION_KINDS = {
  step: { icon: "●", word: "step" },
  wait: { icon: "◷", word: "wait" },
  callback: { icon: "✎", word: "callback" },
  invoke: { icon: "➜", word: "invoke" },
  context: { icon: "▾", word: "context" },
  parallel: { icon: "∥", word: "parallel" },
  map: { icon: "≡", word: "map" },
  condition: { icon: "↻", word: "condition" },
};

export const KINDS = Object.keys(OPERATION_KINDS);

/** @type {Record<string, string>} */
const ROLES = { managers: "a manager", directors: "a director", finance: "one of finance" };

/** @type {Record<string, string>} */
const EVENTS = {
  submitted: "placed the order",
  "level-opened": "asked for approval",
  approved: "approved",
  rejected: "rejected",
  withdrawn: "withdrew the order",
  expired: "nobody decided in time",
  reminded: "sent a reminder",
  escalated: "asked the next role too",
  "notification-failed": "could not deliver a message",
  refused: "refused the order",
  "cooling-off-begun": "began the cooling-off wait",
  "charge-begun": "began the charge",
  "job-opened": "opened a picking job",
  "job-claimed": "claimed the picking job",
  "job-lost": "lost sight of the picking job",
  "job-unclaimed": "found nobody to pick",
  completed: "completed the order",
  failed: "gave up and undid everything",
  "needs-attention": "asked for an operator",
  "stop-requested": "asked to stop the execution",
  "recovery-begun": "began the recovery",
  recovered: "recovered the order",
};

/** @param {string} status @returns {Page.Label} */
export const orderState = (status) => ORDER_STATES[status] ?? unknown(status);

/** @param {string} status @returns {Page.Label} */
export const operationState = (status) => OPERATION_STATES[status] ?? unknown(status);

/** @param {string} status @returns {Page.Label} */
export const executionState = (status) => EXECUTION_STATES[status] ?? unknown(status);

/** @param {string} kind */
export const operationKind = (kind) => OPERATION_KINDS[kind] ?? { icon: "·", word: kind };

/** The people of a role, as in "waiting for a manager". @param {string} role */
export const roleWords = (role) => ROLES[role] ?? role;

/** What an audit entry says somebody did. @param {string} event */
export const eventWords = (event) => EVENTS[event] ?? event.replaceAll("-", " ").replaceAll("_", " ").toLowerCase();

/** "approve" has an e to lose: the past tense a button cannot spell by itself. @param {string} verdict */
export const verdictWords = (verdict) => (verdict === "approve" ? "approved" : "rejected");

/**
 * How many people of which role a level asks for: "a manager", "two of finance".
 * @param {{role: string, quorum: number}} level
 */
export function signers(level) {
  if (level.quorum === 1) return roleWords(level.role);
  const number = ["", "", "two", "three", "four"][level.quorum] ?? String(level.quorum);
  return level.role === "finance" ? `${number} people of finance` : `${number} ${level.role}`;
}

/** A state the page has not heard of is shown as it is rather than hidden. @param {string} status @returns {Page.Label} */
function unknown(status) {
  return { icon: "·", word: status, tone: "quiet" };
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Writes integer minor units as an amount: 123456 EUR becomes "€1,234.56". @param {number} cents @param {string} currency ISO 4217 code */
export const money = (cents, currency) => new Intl.NumberFormat("en-IE", { style: "currency", currency }).format(cents / 100);

/** Writes a length of time with its two largest units: "84 ms", "1.2 s", "4 min 5 s", "2 d 3 h". @param {number} ms */
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

/** @param {number} large @param {string} largeUnit @param {number} small @param {string} smallUnit */
const pair = (large, largeUnit, small, smallUnit) => `${large} ${largeUnit}${small ? ` ${small} ${smallUnit}` : ""}`;

/** Says how long ago something happened, coarsely, so that the text is calm: "just now", "12 s ago", "3 h ago". @param {string} at RFC 3339 @param {number} now */
export function ago(at, now) {
  const ms = now - Date.parse(at);
  if (ms < 5 * SECOND) return "just now";
  if (ms < MINUTE) return `${Math.floor(ms / SECOND)} s ago`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min ago`;
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ago`;
  return `${Math.floor(ms / DAY)} d ago`;
}

/** Says how much time is left until a deadline, or that it has passed. @param {string} at RFC 3339 @param {number} now */
export function remaining(at, now) {
  const ms = Date.parse(at) - now;
  if (ms <= 0) return "past its deadline";
  const whole = ms < MINUTE ? Math.ceil(ms / SECOND) * SECOND : ms;
  return ms < 10 * SECOND ? `${whole / SECOND} s left` : `${duration(whole)} left`;
}

const MOMENT = new Intl.DateTimeFormat("en-IE", { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });

/** Writes a moment in the reader's own time zone: "21 Nov, 14:03:09". @param {string} at RFC 3339 */
export const moment = (at) => MOMENT.format(new Date(at));

/** "1 line", "3 lines". @param {number} count @param {string} noun singular, whose plural takes an s */
export const counted = (count, noun) => `${count.toLocaleString("en-IE")} ${noun}${count === 1 ? "" : "s"}`;

/** The part of an order id that people can say aloud; the whole id stays in links and titles. @param {string} orderId */
export const shortId = (orderId) => orderId.slice(0, 9);
