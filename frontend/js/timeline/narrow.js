// Which rows of a timeline are wanted. Pure.

/** @type {Timeline.Filter} */
export const EVERYTHING = { text: "", show: "everything", kind: "", inside: "" };

const FAILED = new Set(["FAILED", "TIMED_OUT", "STOPPED", "CANCELLED"]);
const WAITING = new Set(["WAITING", "PENDING"]);

/** What a filter asks for; null when that is everything. @param {Timeline.Filter} filter @returns {Timeline.Narrowing | null} */
export function narrowing(filter) {
  const { text, show, kind, inside } = filter;
  const narrowed = text.trim() || kind || inside || show !== "everything";
  return narrowed ? { inside, fits: (row) => fits(row, filter) } : null;
}

/** @param {Timeline.Row} row @param {Timeline.Filter} filter */
function fits({ operation, kind, name, state }, { text, show, kind: wanted }) {
  if (wanted && kind !== wanted) return false;
  if (show === "failed" && !FAILED.has(state) && !operation.attempts?.some(({ error }) => error)) return false;
  if (show === "waiting" && !WAITING.has(state)) return false;
  return name.toLowerCase().includes(text.trim().toLowerCase());
}
