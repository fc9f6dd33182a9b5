// What the page calls things. Every state is an icon, a word and a tone: colour alone never carries meaning.

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
  RUNNING: { icon: "…", word: "Running", tone: "active" },
  SUCCEEDED: { icon: "✓", word: "Succeeded", tone: "good" },
  FAILED: { icon: "✕", word: "Failed", tone: "bad" },
  TIMED_OUT: { icon: "◷", word: "Timed out", tone: "bad" },
  STOPPED: { icon: "■", word: "Stopped", tone: "alarm" },
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
const ROLES = { managers: "a manager", directors: "a director", finance: "finance" };

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
