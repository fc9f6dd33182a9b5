// Which rows of the timeline are shown, and which one the arrow keys lead to. Pure.

/** @typedef {import("./history.js").Row} Row */
/** @typedef {{text: string, show: "everything" | "failed" | "waiting", kind: string, inside: string}} Filter */
/** @typedef {{row: Row, depth: number, folded: boolean}} Line one row as it is drawn */

/** @type {Filter} */
export const EVERYTHING = { text: "", show: "everything", kind: "", inside: "" };

const FAILED = new Set(["FAILED", "TIMED_OUT", "STOPPED", "CANCELLED"]);
const WAITING = new Set(["WAITING", "PENDING"]);

/** @param {Filter} filter */
export const isNarrowed = ({ text, show, kind, inside }) => Boolean(text.trim() || kind || inside || show !== "everything");

/**
 * The rows to draw, one below the other. A row that fits brings along what it is inside of, so that it stays in its place.
 * @param {Row[]} rows
 * @param {Filter} filter
 * @param {Set<string>} folded ids of rows whose inside is hidden; a narrowed view shows what it found all the same
 * @returns {Line[]}
 */
export function visibleLines(rows, filter, folded) {
  const narrowed = isNarrowed(filter);
  /** @type {Line[]} */
  const lines = [];
  const roots = filter.inside ? rows.filter(({ operation }) => operation.id === filter.inside) : rows;
  for (const row of roots) collect(row, 0);
  return lines;

  /** @param {Row} row @param {number} depth @returns {boolean} whether it or something inside it fits */
  function collect(row, depth) {
    const place = lines.length;
    const hidden = !narrowed && folded.has(row.operation.id);
    lines.push({ row, depth, folded: hidden });
    let wanted = fits(row, filter);
    if (!hidden) for (const child of row.children) wanted = collect(child, depth + 1) || wanted;
    if (!wanted) lines.length = place;
    return wanted;
  }
}

/** @param {Row} row @param {Filter} filter */
function fits({ operation, kind, name, state }, { text, show, kind: wanted }) {
  if (wanted && kind !== wanted) return false;
  if (show === "failed" && !FAILED.has(state) && !operation.attempts?.some(({ error }) => error)) return false;
  if (show === "waiting" && !WAITING.has(state)) return false;
  return name.toLowerCase().includes(text.trim().toLowerCase());
}

/** Every kind there is, once, for the list to choose from. @param {Row[]} rows @returns {string[]} */
export function kindsIn(rows) {
  /** @type {Set<string>} */
  const kinds = new Set();
  /** @param {Row} row */
  const visit = ({ kind, children }) => {
    kinds.add(kind);
    children.forEach(visit);
  };
  rows.forEach(visit);
  return [...kinds].sort();
}

/**
 * What a key does to the list: the line to go to, or the row to fold or unfold. Null when the key means nothing here.
 * @param {string} key
 * @param {Line[]} lines
 * @param {number} at index of the line that has the focus
 * @returns {{go: number} | {fold: string} | null}
 */
export function steer(key, lines, at) {
  const line = lines[at];
  if (!line) return null;
  const last = lines.length - 1;
  const parent = lines.findLastIndex(({ depth }, index) => index < at && depth < line.depth);
  const inner = line.row.children.length > 0;
  switch (key) {
    case "ArrowDown": return { go: Math.min(at + 1, last) };
    case "ArrowUp": return { go: Math.max(at - 1, 0) };
    case "Home": return { go: 0 };
    case "End": return { go: last };
    case "ArrowRight": return inner && line.folded ? { fold: line.row.operation.id } : inner ? { go: Math.min(at + 1, last) } : null;
    case "ArrowLeft": return inner && !line.folded ? { fold: line.row.operation.id } : parent >= 0 ? { go: parent } : null;
    default: return null;
  }
}
