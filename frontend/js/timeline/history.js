// The durable execution as the API tells it, kept up to date from what is new each time. Pure.

/** @typedef {{startedAt: string, endedAt?: string | null, status?: string, error?: any, nextAttemptAt?: string | null}} Attempt */
/**
 * @typedef {object} Operation
 * @property {string} id
 * @property {string | null} [parentId]
 * @property {string} type
 * @property {string} [subType]
 * @property {string | null} name
 * @property {string} status
 * @property {string} startedAt
 * @property {string | null} [endedAt]
 * @property {string | null} [deadline] when a callback times out
 * @property {any} [error]
 * @property {Attempt[]} [attempts]
 * @property {string} [input] for auditors
 * @property {string} [result] for auditors
 */
/**
 * @typedef {object} Invocation
 * @property {string} startedAt
 * @property {string | null} [endedAt]
 * @property {string} [requestId]
 * @property {number} [replayed]
 * @property {number} [ran]
 * @property {any} [error]
 */
/**
 * @typedef {object} History
 * @property {string} status
 * @property {string} startedAt
 * @property {string | null} [endedAt]
 * @property {Operation[]} operations in the order they began
 * @property {Invocation[]} invocations
 * @property {string} [cursor]
 * @property {number | null} [nextPollMs]
 */

/**
 * Lays what is new over what was known. Known operations keep their place, new ones go to the end.
 * @param {History | undefined} known
 * @param {History} news
 * @returns {History}
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
 * @param {Operation} operation
 */
export function kindOf({ type, subType }) {
  return KINDS[(subType ?? "").toUpperCase()] ?? KINDS[type.toUpperCase()] ?? type.toLowerCase();
}

/** @param {Operation} operation */
const isOpen = ({ status }) => status === "STARTED" || status === "READY" || status === "PENDING";

/**
 * @typedef {object} Row one operation as the timeline lists it
 * @property {Operation} operation
 * @property {string} kind
 * @property {string} name
 * @property {string} state an operation status, or WAITING (for time or for somebody) or ABANDONED (nobody will finish it)
 * @property {Row[]} children
 */

/**
 * The operations as a tree, in the order they began. A context with exactly one operation inside is one row.
 * @param {History} history
 * @returns {Row[]}
 */
export function tree(history) {
  const known = new Set(history.operations.map((operation) => operation.id));
  /** @type {Map<string, Operation[]>} */
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
 * @param {Operation} operation
 * @param {Map<string, Operation[]>} inside
 * @param {boolean} over whether nothing will go on around it
 * @returns {Row}
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
 * @param {Operation} operation
 * @param {string} kind
 * @param {Row[]} children
 * @param {boolean} over
 */
function stateOf(operation, kind, children, over) {
  if (!isOpen(operation)) return operation.status;
  if (over) return "ABANDONED";
  if (operation.status === "PENDING") return kind === "condition" ? "WAITING" : "PENDING";
  const waits = kind === "wait" || kind === "callback" || children.some((child) => child.state === "WAITING");
  return waits ? "WAITING" : operation.status;
}

/** How many rows a tree has, inner ones included. @param {Row[]} rows @returns {number} */
export const countRows = (rows) => rows.reduce((sum, each) => sum + 1 + countRows(each.children), 0);
