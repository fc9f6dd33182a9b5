// The durable execution as the API tells it, kept up to date from what is new each time, and what the audit adds. Pure.

/**
 * Lays what is new over what was known. Known operations keep their place, new ones go to the end.
 * @param {Timeline.History | undefined} known
 * @param {Timeline.History} news
 * @returns {Timeline.History}
 */
export function mergeHistory(known, news) {
  if (!known) return news;
  return {
    ...known,
    ...news,
    operations: overlay(known.operations, news.operations, (operation) => operation.id),
    invocations: overlay(known.invocations, news.invocations, (invocation) => invocation.requestId ?? invocation.startedAt),
  };
}

/**
 * @template Item
 * @param {Item[]} known
 * @param {Item[] | undefined} news
 * @param {(item: Item) => string} identify
 * @returns {Item[]}
 */
function overlay(known, news, identify) {
  const merged = new Map(known.map((item) => [identify(item), item]));
  for (const item of news ?? []) merged.set(identify(item), { ...merged.get(identify(item)), ...item });
  return [...merged.values()];
}

/** @type {Record<string, string>} */
const KINDS = {
  STEP: "step",
  WAIT: "wait",
  CALLBACK: "callback",
  INVOKE: "invoke",
  CHAINED_INVOKE: "invoke",
  CONTEXT: "context",
  PARALLEL: "parallel",
  MAP: "map",
  WAITFORCONDITION: "condition",
  WAIT_FOR_CONDITION: "condition",
};

/**
 * What kind of operation it is, in the page's words; the sub-type says more than the type where there is one we know.
 * @param {Timeline.Operation} operation
 */
export function kindOf({ type, subType }) {
  return KINDS[(subType ?? "").toUpperCase()] ?? KINDS[type.toUpperCase()] ?? type.toLowerCase();
}

/** @param {Timeline.Operation} operation */
const isOpen = ({ status }) => status === "STARTED" || status === "READY" || status === "PENDING";

/**
 * The operations as a tree, in the order they began. A context with exactly one operation inside is one row.
 * @param {Timeline.History} history
 * @returns {Timeline.Row[]}
 */
export function tree(history) {
  const known = new Set(history.operations.map((operation) => operation.id));
  /** @type {Map<string, Timeline.Operation[]>} */
  const inside = new Map();
  for (const operation of history.operations) {
    if (operation.type.toUpperCase() === "EXECUTION") continue;
    const parent = operation.parentId && known.has(operation.parentId) ? operation.parentId : "";
    const siblings = inside.get(parent);
    if (siblings) siblings.push(operation);
    else inside.set(parent, [operation]);
  }
  const over = history.status !== "RUNNING";
  return (inside.get("") ?? []).map((operation) => row(operation, inside, over));
}

/**
 * @param {Timeline.Operation} operation
 * @param {Map<string, Timeline.Operation[]>} inside
 * @param {boolean} over whether nothing will go on around it
 * @returns {Timeline.Row}
 */
function row(operation, inside, over) {
  const children = (inside.get(operation.id) ?? []).map((child) => row(child, inside, over || !isOpen(operation)));
  const kind = kindOf(operation);
  const only = children.length === 1 && kind === "context" ? children[0] : undefined;
  const state = stateOf(operation, kind, children, over);
  const name = operation.name ?? kind;
  if (only && !isOpen(operation)) return { ...only, name, state };
  return { operation, kind, name, state, children };
}

/**
 * @param {Timeline.Operation} operation
 * @param {string} kind
 * @param {Timeline.Row[]} children
 * @param {boolean} over
 */
function stateOf(operation, kind, children, over) {
  if (!isOpen(operation)) return operation.status;
  if (over) return "ABANDONED";
  if (operation.status === "PENDING") return kind === "condition" ? "WAITING" : "PENDING";
  const waits = kind === "wait" || kind === "callback" || children.some((child) => child.state === "WAITING");
  return waits ? "WAITING" : operation.status;
}

/** How many rows a tree has, inner ones included. @param {Timeline.Row[]} rows @returns {number} */
export const countRows = (rows) => rows.reduce((sum, each) => sum + 1 + countRows(each.children), 0);

const MACHINES = new Set(["workflow", "notifier"]);
const NUDGES = new Set(["reminded", "escalated"]);

/** What people did, in their order. @param {Timeline.Entry[]} entries @returns {Timeline.Deed[]} */
export function deedsOf(entries) {
  const people = entries.filter(({ actor }) => !MACHINES.has(actor));
  return people.map(({ at, actor, event, data }) => ({ at, actor, event, reason: data?.reason ?? "" }));
}

/** When people were reminded, or the next role was asked too. @param {Timeline.Entry[]} entries @returns {Timeline.Nudge[]} */
export function nudgesOf(entries) {
  const found = entries.filter(({ event }) => NUDGES.has(event));
  return found.map(({ at, event, data }) => ({ at, event, level: data?.level ?? 0 }));
}

/**
 * Which level of approval each operation belongs to: the n-th context of an approval is level n.
 * @param {Timeline.Operation[]} operations
 * @returns {Map<string, number>} level by operation id
 */
export function levelsOf(operations) {
  const contexts = operations.filter(({ name, parentId }) => name?.startsWith("approve-") && !parentId);
  return new Map(contexts.map(({ id }, index) => [id, index + 1]));
}

// Which rows are shown, and where the arrow keys lead.

/** @type {Timeline.Filter} */
export const EVERYTHING = { text: "", show: "everything", kind: "", inside: "" };

const FAILED = new Set(["FAILED", "TIMED_OUT", "STOPPED", "CANCELLED"]);
const WAITING = new Set(["WAITING", "PENDING"]);

/** @param {Timeline.Filter} filter */
export const isNarrowed = ({ text, show, kind, inside }) => Boolean(text.trim() || kind || inside || show !== "everything");

/**
 * The rows to draw, one below the other. A row that fits brings along what it is inside of, so that it stays in its place.
 * @param {Timeline.Row[]} rows
 * @param {Timeline.Filter} filter
 * @param {Set<string>} folded ids of rows whose inside is hidden; a narrowed view shows what it found all the same
 * @returns {Timeline.Line[]}
 */
export function visibleLines(rows, filter, folded) {
  const narrowed = isNarrowed(filter);
  /** @type {Timeline.Line[]} */
  const lines = [];
  const roots = filter.inside ? rows.filter(({ operation }) => operation.id === filter.inside) : rows;
  for (const row of roots) collect(row, 0);
  return lines;

  /** @param {Timeline.Row} row @param {number} depth @returns {boolean} whether it or something inside it fits */
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

/** @param {Timeline.Row} row @param {Timeline.Filter} filter */
function fits({ operation, kind, name, state }, { text, show, kind: wanted }) {
  if (wanted && kind !== wanted) return false;
  if (show === "failed" && !FAILED.has(state) && !operation.attempts?.some(({ error }) => error)) return false;
  if (show === "waiting" && !WAITING.has(state)) return false;
  return name.toLowerCase().includes(text.trim().toLowerCase());
}

/**
 * What a key does to the list: the line to go to, or the row to fold or unfold. Null when the key means nothing here.
 * @param {string} key
 * @param {Timeline.Line[]} lines
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
