// The durable execution as the API tells it, kept up to date from what is new each time, and what the audit adds. Pure.

/**
 * Lays what is new over what was known. Known operations keep their place, new ones go to the end.
 * @param {Timeline.History | undefined} known @param {Timeline.History} news @returns {Timeline.History}
 */
export function mergeHistory(known, news) {
  if (!known) return news;
  const operations = overlay(known.operations, news.operations, ({ id }) => id);
  const invocations = overlay(known.invocations, news.invocations, ({ requestId, startedAt }) => requestId ?? startedAt);
  return { ...known, ...news, operations, invocations };
}

/** @template Item @param {Item[]} known @param {Item[]} news @param {(item: Item) => string} identify */
function overlay(known, news, identify) {
  const merged = new Map(known.map((item) => [identify(item), item]));
  for (const item of news) merged.set(identify(item), { ...merged.get(identify(item)), ...item });
  return [...merged.values()];
}

/** @type {Record<string, string>} */
const KINDS = {
  CHAINED_INVOKE: "invoke",
  WAITFORCONDITION: "condition",
  WAIT_FOR_CONDITION: "condition",
};
for (const kind of ["step", "wait", "callback", "invoke", "context", "parallel", "map"]) KINDS[kind.toUpperCase()] = kind;

/** What kind of operation it is, in the page's words: by its sub-type where that is one we know. @param {Timeline.Operation} operation */
export const kindOf = ({ type, subType }) => KINDS[(subType ?? "").toUpperCase()] ?? KINDS[type.toUpperCase()] ?? type.toLowerCase();

/** @param {Timeline.Operation} operation */
const isOpen = ({ status }) => ["STARTED", "READY", "PENDING"].includes(status);

/** The operations as a tree, in the order they began. @param {Timeline.History} history @returns {Timeline.Row[]} */
export function tree({ operations, status }) {
  const known = new Set(operations.map(({ id }) => id));
  /** @type {Map<string, Timeline.Operation[]>} */
  const inside = new Map();
  for (const operation of operations) {
    if (operation.type.toUpperCase() === "EXECUTION") continue;
    const parent = operation.parentId && known.has(operation.parentId) ? operation.parentId : "";
    const siblings = inside.get(parent);
    if (siblings) siblings.push(operation);
    else inside.set(parent, [operation]);
  }
  return rowsIn("", inside, status !== "RUNNING");
}

/** @param {string} id @param {Map<string, Timeline.Operation[]>} inside @param {boolean} over whether nothing goes on around them @returns {Timeline.Row[]} */
const rowsIn = (id, inside, over) =>
  (inside.get(id) ?? []).map((operation) => rowOf(operation, rowsIn(operation.id, inside, over || !isOpen(operation)), over));

/** A context with exactly one operation inside is one row. @param {Timeline.Operation} operation @param {Timeline.Row[]} children @param {boolean} over @returns {Timeline.Row} */
function rowOf(operation, children, over) {
  const kind = kindOf(operation);
  const state = stateOf(operation, kind, children, over);
  const name = operation.name ?? kind;
  const only = children.length === 1 && kind === "context" && !isOpen(operation) && children[0];
  return only ? { ...only, name, state } : { operation, kind, name, state, children };
}

/** @param {Timeline.Operation} operation @param {string} kind @param {Timeline.Row[]} children @param {boolean} over */
function stateOf(operation, kind, children, over) {
  const { status } = operation;
  if (!isOpen(operation)) return status;
  if (over) return "ABANDONED";
  if (status === "PENDING") return kind === "condition" ? "WAITING" : status;
  const waits = kind === "wait" || kind === "callback" || children.some(({ state }) => state === "WAITING");
  return waits ? "WAITING" : status;
}

/** How many rows a tree has, inner ones included. @param {Timeline.Row[]} rows @returns {number} */
export const countRows = (rows) => rows.reduce((sum, { children }) => sum + 1 + countRows(children), 0);

/** What people did, in their order. @param {Timeline.Entry[]} entries @returns {Timeline.Deed[]} */
export const deedsOf = (entries) =>
  entries
    .filter(({ actor }) => actor !== "workflow" && actor !== "notifier")
    .map(({ at, actor, event, data }) => ({ at, actor, event, reason: data?.reason ?? "" }));

/** When people were reminded, or the next role was asked too. @param {Timeline.Entry[]} entries @returns {Timeline.Nudge[]} */
export const nudgesOf = (entries) =>
  entries
    .filter(({ event }) => event === "reminded" || event === "escalated")
    .map(({ at, event, data }) => ({ at, event, level: data?.level ?? 0 }));

/** Which level of approval an operation is, by its id: the n-th context of an approval is level n. @param {Timeline.Operation[]} operations */
export function levelsOf(operations) {
  const contexts = operations.filter(({ name, parentId }) => name?.startsWith("approve-") && !parentId);
  return new Map(contexts.map(({ id }, index) => [id, index + 1]));
}

/**
 * The rows to draw, one below the other. A row that fits brings along what it is inside of, so that it stays in its place.
 * @param {Timeline.Row[]} rows
 * @param {Timeline.Narrowing | null} narrow
 * @param {Set<string>} folded ids of rows whose inside is hidden; a narrowed view shows what it found all the same
 */
export function visibleLines(rows, narrow, folded) {
  /** @type {Timeline.Line[]} */
  const lines = [];
  for (const row of rows) if (!narrow?.inside || row.operation.id === narrow.inside) collect(row, 0);
  return lines;

  /** @param {Timeline.Row} row @param {number} depth @returns {boolean} whether it or something inside it fits */
  function collect(row, depth) {
    const place = lines.length;
    const hidden = !narrow && folded.has(row.operation.id);
    lines.push({ row, depth, folded: hidden });
    let wanted = !narrow || narrow.fits(row);
    if (!hidden) for (const child of row.children) wanted = collect(child, depth + 1) || wanted;
    if (!wanted) lines.length = place;
    return wanted;
  }
}

/**
 * What a key does to the list: the line to go to, or the row to fold or unfold. Null when the key means nothing here.
 * @param {string} key @param {Timeline.Line[]} lines @param {number} at index of the line that has the focus
 * @returns {{go: number} | {fold: string} | null}
 */
export function steer(key, lines, at) {
  const line = lines[at];
  if (!line) return null;
  const { row, depth, folded } = line;
  const fold = row.children.length > 0 && { fold: row.operation.id };
  const down = { go: Math.min(at + 1, lines.length - 1) };
  const parent = lines.findLastIndex((each, index) => index < at && each.depth < depth);
  switch (key) {
    case "ArrowDown": return down;
    case "ArrowUp": return { go: Math.max(at - 1, 0) };
    case "Home": return { go: 0 };
    case "End": return { go: lines.length - 1 };
    case "ArrowRight": return fold ? (folded ? fold : down) : null;
    case "ArrowLeft": return fold && !folded ? fold : parent >= 0 ? { go: parent } : null;
    default: return null;
  }
}
