// Lines of an order from a file: `sku,quantity`, one a line, as spreadsheets write them. Pure.

import { QUANTITY_LIMIT, parseQuantity } from "./draft.js";

/** @typedef {{number: number, detail: string}} Mistake a line of the file that cannot be used, counted from 1 */

/**
 * Reads a file. Lines of one good are added up; a heading and empty lines are passed over; commas and semicolons both part.
 * @param {string} text
 * @param {Set<string>} known every SKU of the catalogue
 * @returns {{lines: import("./draft.js").Line[], mistakes: Mistake[]}}
 */
export function parseCsv(text, known) {
  /** @type {Map<string, number>} */
  const amounts = new Map();
  /** @type {Mistake[]} */
  const mistakes = [];
  for (const [index, line] of text.replace(/^\uFEFF/, "").split(/\r\n|\r|\n/).entries()) {
    const [sku = "", amount = ""] = line.split(/[,;\t]/).map((field) => field.trim().replace(/^"(.*)"$/, "$1"));
    const isHeading = index === 0 && !known.has(sku) && parseQuantity(amount) === null;
    if (!line.trim() || isHeading) continue;
    const sum = (amounts.get(sku) ?? 0) + (parseQuantity(amount) ?? 0);
    const detail = mistakeIn(sku, parseQuantity(amount), sum, known);
    if (detail) mistakes.push({ number: index + 1, detail });
    else amounts.set(sku, sum);
  }
  return { lines: [...amounts].map(([sku, quantity]) => ({ sku, quantity })), mistakes };
}

/** @param {string} sku @param {number | null} amount @param {number} sum @param {Set<string>} known */
function mistakeIn(sku, amount, sum, known) {
  if (!known.has(sku)) return `"${sku}" is not in the catalogue`;
  if (!amount) return `the quantity of ${sku} is not a number above 0`;
  return sum > QUANTITY_LIMIT ? `more than ${QUANTITY_LIMIT.toLocaleString("en-IE")} of ${sku}` : "";
}
