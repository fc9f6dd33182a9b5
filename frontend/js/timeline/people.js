// What the audit adds to a history: what people did, and when the workflow reminded them. Pure.

/** @typedef {{seq: number, at: string, actor: string, event: string, data?: any}} Entry */
/** @typedef {{at: string, actor: string, event: string, reason: string}} Deed */
/** @typedef {{at: string, event: string, level: number}} Nudge */

const MACHINES = new Set(["workflow", "notifier"]);
const NUDGES = new Set(["reminded", "escalated"]);

/** What people did, in their order. @param {Entry[]} entries @returns {Deed[]} */
export function deedsOf(entries) {
  const people = entries.filter(({ actor }) => !MACHINES.has(actor));
  return people.map(({ at, actor, event, data }) => ({ at, actor, event, reason: data?.reason ?? "" }));
}

/** When people were reminded, or the next role was asked too. @param {Entry[]} entries @returns {Nudge[]} */
export function nudgesOf(entries) {
  const found = entries.filter(({ event }) => NUDGES.has(event));
  return found.map(({ at, event, data }) => ({ at, event, level: data?.level ?? 0 }));
}

/**
 * Which level of approval each operation belongs to: the n-th context of an approval is level n.
 * @param {import("./history.js").Operation[]} operations
 * @returns {Map<string, number>} level by operation id
 */
export function levelsOf(operations) {
  const contexts = operations.filter(({ name, parentId }) => name?.startsWith("approve-") && !parentId);
  return new Map(contexts.map(({ id }, index) => [id, index + 1]));
}
