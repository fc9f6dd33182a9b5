// A new order before it is sent: its lines, its total, who would have to approve it, and examples worth trying. Pure.

import { readQuantity } from "./quantity.js";
import { signers } from "./words.js";

/** @typedef {{sku: string, name: string, unitPrice: number, digital: boolean, available: boolean | number}} Item */
/** @typedef {{sku: string, quantity: number | null, typed?: string}} Line `quantity`: null while `typed` is not a whole number */
/** @typedef {{customer: string, note: string, lines: Line[]}} Draft */
/** @typedef {{draft: Draft, earlier: Draft | null, filled: Draft | null}} Sheet `earlier`: what was typed before `filled` took its place */
/** @typedef {{pointer: string, detail: string, line?: Line}} FieldError `line`: the line of the draft that it is about */
/** @typedef {{role: string, quorum: number}} Level */
/** @typedef {{upTo: number | null, levels: Level[], coolingOff: boolean}} Tier */
/** @typedef {{version: string | number, currency: string, cap: number, tiers: Tier[]}} Policy */
/** @typedef {{id: string, title: string, path: string, draft: Draft}} Example */

/** @type {Draft} */
export const EMPTY = { customer: "", note: "", lines: [] };

export const QUANTITY_LIMIT = 10_000;

/**
 * Adds one of a good, on its line when there is one already. A quantity that is not a whole number stays as typed.
 * @param {Draft} draft
 * @param {string} sku
 * @returns {Draft}
 */
export function addLine(draft, sku) {
  const line = draft.lines.find((each) => each.sku === sku);
  if (!line) return { ...draft, lines: [...draft.lines, { sku, quantity: 1 }] };
  return line.quantity === null && line.typed ? draft : typeQuantity(draft, sku, String((line.quantity ?? 0) + 1));
}

/**
 * Keeps what was typed letter by letter, also where it is not a number (yet).
 * @param {Draft} draft
 * @param {string} sku
 * @param {string} typed
 * @returns {Draft}
 */
export function typeQuantity(draft, sku, typed) {
  return { ...draft, lines: draft.lines.map((line) => (line.sku === sku ? lineAsTyped(sku, typed) : line)) };
}

/** @param {string} sku @param {string} typed @returns {Line} */
function lineAsTyped(sku, typed) {
  const { quantity } = readQuantity(typed);
  return String(quantity ?? "") === typed ? { sku, quantity } : { sku, quantity, typed };
}

/** The text of a line's quantity. @param {Line} line */
export const typedQuantity = ({ quantity, typed }) => typed ?? String(quantity ?? "");

/**
 * @param {Draft} draft
 * @param {string} sku
 * @returns {Draft}
 */
export function removeLine(draft, sku) {
  return { ...draft, lines: draft.lines.filter((line) => line.sku !== sku) };
}

/**
 * The total in minor units. A good the catalogue does not know, or a quantity that is not a number yet, counts nothing.
 * @param {Draft} draft
 * @param {Item[]} items
 */
export function total(draft, items) {
  const prices = new Map(items.map((item) => [item.sku, item.unitPrice]));
  return draft.lines.reduce((sum, line) => sum + (prices.get(line.sku) ?? 0) * (line.quantity ?? 0), 0);
}

/**
 * Who the policy would ask, or that the amount is over what may be ordered at all. A preview: the server decides again.
 * @param {number} cents
 * @param {Policy} policy
 * @returns {{overCap: true} | {overCap: false, levels: Level[], coolingOff: boolean}}
 */
export function approvalPreview(cents, policy) {
  const tier = policy.tiers.find((each) => each.upTo === null || cents < each.upTo);
  if (!tier || cents > policy.cap) return { overCap: true };
  return { overCap: false, levels: tier.levels, coolingOff: tier.coolingOff };
}

/**
 * Puts another draft in the place of this one and keeps what a person typed, unless the new draft still holds all of it.
 * An example in the place of an unchanged example keeps nothing new.
 * @param {Sheet} sheet
 * @param {Draft} draft
 * @returns {Sheet}
 */
export function replaceDraft(sheet, draft) {
  const keeps = sheet.draft !== sheet.filled && loses(sheet.draft, draft);
  return { draft, filled: draft, earlier: keeps ? sheet.draft : sheet.earlier };
}

/** @param {Draft} before @param {Draft} after */
const loses = (before, after) =>
  Boolean(before.customer && before.customer !== after.customer) ||
  Boolean(before.note && before.note !== after.note) ||
  (before.lines.length > 0 && before.lines !== after.lines);

/** Brings back what was replaced; the replacement is then at hand instead. @param {Sheet} sheet @returns {Sheet} */
export const bringBack = ({ draft, earlier }) => ({ draft: earlier ?? draft, earlier: draft, filled: null });

/** Every quantity that cannot be sent. @param {Draft} draft @returns {FieldError[]} */
export const quantityErrors = ({ lines }) =>
  lines.flatMap((line, index) => (line.quantity === null ? [{ pointer: `/lines/${index}/quantity`, detail: readQuantity(typedQuantity(line)).mistake, line }] : []));

/**
 * Ties the errors of a draft that was sent to its lines: a position is another line's as soon as one is removed.
 * @param {FieldError[]} errors
 * @param {Draft} sent
 * @returns {FieldError[]}
 */
export const tieErrors = (errors, sent) =>
  errors.map((error) => {
    const line = sent.lines[Number(/^\/lines\/(\d+)(?:\/|$)/.exec(error.pointer)?.[1] ?? Number.NaN)];
    return line ? { ...error, line } : error;
  });

/** The errors that may still be true: a line that was changed or removed since has none. @param {FieldError[]} errors @param {Draft} draft */
export function openErrors(errors, draft) {
  const lines = new Set(draft.lines);
  return errors.filter(({ line }) => !line || lines.has(line));
}

/**
 * A draft from storage. Anything that is not one becomes an empty draft.
 * @param {string | null} text
 * @returns {Draft}
 */
export function parseDraft(text) {
  try {
    const { customer, note, lines } = JSON.parse(text ?? "");
    if (typeof customer !== "string" || typeof note !== "string") return EMPTY;
    const kept = lines.filter((/** @type {any} */ line) => typeof line?.sku === "string");
    return { customer, note, lines: kept.map((/** @type {Line} */ { sku, quantity, typed }) => lineAsTyped(sku, String(typed ?? quantity ?? ""))) };
  } catch {
    return EMPTY;
  }
}

/**
 * Goods whose name or SKU holds every word of the search, the few first ones only.
 * @param {Item[]} items
 * @param {string} search
 * @param {number} limit
 * @returns {{shown: Item[], more: number}}
 */
export function searchCatalogue(items, search, limit) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const found = items.filter((item) => {
    const text = `${item.sku} ${item.name}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
  return { shown: found.slice(0, limit), more: Math.max(0, found.length - limit) };
}

/**
 * The request body for `POST /orders`.
 * @param {Draft} draft
 * @param {string} currency
 */
export function submission(draft, currency) {
  const note = draft.note.trim();
  const lines = draft.lines.map(({ sku, quantity }) => ({ sku, quantity }));
  return { customer: draft.customer.trim(), currency, lines, ...(note && { note }) };
}

/**
 * One draft for each path an order can take here, built from today's catalogue and policy so that it never goes stale.
 * @param {Item[]} items
 * @param {Policy} policy
 * @returns {Example[]}
 */
export function examples(items, policy) {
  const ordinary = items.filter((item) => item.available && !/^(BULK-|LAST-ONE|SOLD-OUT)/.test(item.sku));
  const goods = ordinary.filter(({ digital }) => digital);
  const tiers = policy.tiers.map((tier, index) => tierExample(tier, index ? (policy.tiers[index - 1]?.upTo ?? 0) : 0, goods));
  const small = tiers.find((each) => each)?.draft.lines;
  const parcel = ordinary.filter(({ digital }) => !digital).sort((a, b) => a.unitPrice - b.unitPrice)[0];
  const soldOut = items.find((item) => item.sku === "SOLD-OUT");
  return [
    ...tiers.filter((each) => each !== null),
    ...(parcel ? [example("parcel", "Picked in the warehouse", "somebody must pick it", "acme", [{ sku: parcel.sku, quantity: 1 }])] : []),
    ...(small ? SANDBOX.map(([id, title, path]) => example(id, title, path, id, small)) : []),
    ...(soldOut ? [example("sold-out", "Out of stock", "ends refused", "acme", [{ sku: soldOut.sku, quantity: 1 }])] : []),
  ];
}

/** Customers for whom the sandbox does something special: the name, what it is called here, where it leads. @type {[string, string, string][]} */
const SANDBOX = [
  ["gateway-flaky", "The gateway is flaky", "tries again, ends completed"],
  ["settlement-slow", "The money comes late", "polls, ends completed"],
  ["capture-declined", "The capture is declined", "gives back, ends failed"],
  ["card-declined", "The card is declined", "ends refused"],
  ["credit-refused", "Credit is refused", "ends refused"],
];

/**
 * @param {string} id
 * @param {string} title
 * @param {string} path
 * @param {string} customer
 * @param {Line[]} lines
 * @returns {Example}
 */
function example(id, title, path, customer, lines) {
  return { id, title, path, draft: { customer, note: "", lines } };
}

/**
 * The cheapest order of one good that falls into a tier, or null when no good can.
 * @param {Tier} tier
 * @param {number} from smallest amount of the tier, in minor units
 * @param {Item[]} goods
 * @returns {Example | null}
 */
function tierExample(tier, from, goods) {
  const candidates = goods
    .map((item) => ({ item, quantity: Math.max(1, Math.ceil(from / item.unitPrice)) }))
    .filter(({ item, quantity }) => quantity <= QUANTITY_LIMIT && (tier.upTo === null || item.unitPrice * quantity < tier.upTo))
    .sort((a, b) => a.quantity - b.quantity);
  const best = candidates[0];
  if (!best) return null;
  const title = tier.levels.length ? `Needs ${tier.levels.map(signers).join(", then ")}` : "Approved by itself";
  const path = tier.coolingOff ? "then cools off" : "ends completed";
  return example(`levels-${tier.levels.length}`, title, path, "acme", [{ sku: best.item.sku, quantity: best.quantity }]);
}
