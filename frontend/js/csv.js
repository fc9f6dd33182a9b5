// The lines of an order from the text of a CSV file, or what is wrong with each line that cannot be used. Pure.

import { rowsOf } from "./csv-records.js";
import { QUANTITY_LIMIT } from "./draft.js";
import { quoted, readQuantity } from "./quantity.js";
import { counted } from "./words.js";

/** @typedef {import("./csv-records.js").Row} Row */
/** @typedef {{number: number, detail: string}} Mistake `number`: the line of the file, counted from 1 */
/** @typedef {{count: number, used: number, lines: import("./draft.js").Line[], mistakes: Mistake[]}} Found `count` lines of the file, `used` of them, added up by SKU in `lines` */
/** @typedef {{width: number, sku: number, quantity: number, heading: Row | undefined}} Columns */

const MAX_LINES = 10_000;
const SAMPLE = 50_000;
/** @type {Record<string, string>} in the order of preference */
const SEPARATORS = { "\t": "tab", ";": "semicolon", ",": "comma", "|": "bar" };
const SKU_NAMES = ["sku", "article number", "item number", "part number", "product code", "artikelnummer"];
const QUANTITY_NAMES = ["quantity", "qty", "pieces", "count", "menge", "anzahl", "stück"];
const DECLARED_SEPARATOR = /^"?sep=([^"\r\n])"?(?:\r\n|\r|\n|$)/i;

/**
 * Reads a file whose separator is decided once. Adds up the lines of one SKU; passes over blank lines and one heading, nothing else.
 * @param {string} text
 * @param {Iterable<string>} known every SKU of the catalogue
 * @returns {Found | {refusal: string}}
 */
export function parseCsv(text, known) {
  const skus = new Map([...known].map((sku) => [sku.toLowerCase(), sku]));
  const declared = DECLARED_SEPARATOR.exec(text);
  const separator = declared?.[1] ?? likeliestSeparator(text, skus);
  const { rows, unclosed } = rowsOf(text.slice(declared?.[0].length ?? 0), separator, declared ? 2 : 1);
  if (unclosed) return { refusal: `Line ${unclosed} opens a quote (") that is never closed. Close it and choose the file again.` };
  const filled = rows.map((row) => ({ ...row, cells: row.cells.map(plain) })).filter(({ cells }) => cells.some(Boolean));
  const heading = filled.find(isHeading);
  const lines = filled.filter((row) => row !== heading);
  const refusal = refusalOf(heading, lines.length);
  return refusal ? { refusal } : addUp(lines, columnsOf(heading), separator, skus);
}

/** @param {Row | undefined} heading @param {number} count of lines */
function refusalOf(heading, count) {
  const doubled = [SKU_NAMES, QUANTITY_NAMES].find((names) => named(heading?.cells ?? [], names).length > 1);
  if (heading && doubled) return `Line ${heading.line} names the column ${doubled[0]} more than once. Keep one and choose the file again.`;
  if (count === 0) return "The file has no lines.";
  return count > MAX_LINES ? `The file has ${counted(count, "line")}. An order has at most ${counted(MAX_LINES, "line")}: split the file.` : "";
}

/** What a cell says: spreadsheets write `="0012"` to keep a text from becoming a number. @param {string} cell */
const plain = (cell) => cell.trim().replace(/^="(.*)"$/, "$1").trim();

/** The columns that go by one of these names. @param {string[]} cells @param {string[]} names */
const named = (cells, names) => [...cells.keys()].filter((index) => names.includes(cells[index]?.toLowerCase().replace(/[\s_-]+/g, " ") ?? ""));

/** @param {{cells: string[]}} row */
const isHeading = ({ cells }) => named(cells, SKU_NAMES).length > 0 && named(cells, QUANTITY_NAMES).length > 0;

/** @param {Row | undefined} heading @returns {Columns} */
function columnsOf(heading) {
  if (!heading) return { heading, width: 2, sku: 0, quantity: 1 };
  const [[sku = 0], [quantity = 1]] = [named(heading.cells, SKU_NAMES), named(heading.cells, QUANTITY_NAMES)];
  return { heading, width: heading.cells.length, sku, quantity };
}

/** The separator under which the most rows of the file make sense, and among equals the one that parts the most. @param {string} text @param {Map<string, string>} skus */
function likeliestSeparator(text, skus) {
  const sample = text.slice(0, SAMPLE);
  const scored = Object.keys(SEPARATORS).map((separator) => {
    const parted = rowsOf(sample, separator).rows.filter(({ cells }) => cells.length > 1);
    const understood = parted.filter(({ cells }) => isHeading({ cells: cells.map(plain) }) || cells.some((cell) => skus.has(plain(cell).toLowerCase())));
    return { separator, score: understood.length * SAMPLE + parted.length };
  });
  return scored.reduce((best, each) => (each.score > best.score ? each : best)).separator;
}

/** @param {Row[]} rows @param {Columns} columns @param {string} separator @param {Map<string, string>} skus @returns {Found} */
function addUp(rows, columns, separator, skus) {
  /** @type {Map<string, number>} */
  const amounts = new Map();
  /** @type {Mistake[]} */
  const mistakes = [];
  for (const row of rows) {
    const sku = skus.get((row.cells[columns.sku] ?? "").toLowerCase()) ?? "";
    const { quantity, mistake } = readQuantity(row.cells[columns.quantity] ?? "");
    const sum = (amounts.get(sku) ?? 0) + (quantity ?? 0);
    const detail = shapeMistake(row, columns, separator) || skuMistake(row, columns, sku) || mistake || rangeMistake(sku, quantity ?? 0, sum);
    if (detail) mistakes.push({ number: row.line, detail });
    else amounts.set(sku, sum);
  }
  const lines = [...amounts].map(([sku, quantity]) => ({ sku, quantity }));
  return { count: rows.length, used: rows.length - mistakes.length, lines, mistakes };
}

/** A row with more cells than columns is never read: `1,000` without quotes makes two of one. @param {Row} row @param {Columns} columns @param {string} separator */
function shapeMistake({ cells, torn }, { width, sku, quantity, heading }, separator) {
  if (torn) return "Text follows a closing quote. Put the whole cell in quotes.";
  if (cells.length > Math.max(sku, quantity) && cells.length <= width) return "";
  const expected = heading ? `the heading has ${width}` : "a file without a heading has 2, SKU and quantity";
  return `The line has ${counted(cells.length, "column")} (separator: ${SEPARATORS[separator] ?? quoted(separator)}); ${expected}.`;
}

/** @param {Row} row @param {Columns} columns @param {string} sku of the catalogue, if there is one */
function skuMistake({ cells }, columns, sku) {
  const typed = cells[columns.sku];
  if (!typed) return "The SKU is missing.";
  return sku ? "" : `${quoted(typed)} is not in the catalogue.`;
}

/** @param {string} sku @param {number} quantity @param {number} sum of this and the lines before */
function rangeMistake(sku, quantity, sum) {
  const limit = QUANTITY_LIMIT.toLocaleString("en-IE");
  if (quantity < 1 || quantity > QUANTITY_LIMIT) return `Order 1 to ${limit} of a good, not ${quantity.toLocaleString("en-IE")}.`;
  return sum > QUANTITY_LIMIT ? `The lines of ${sku} add up to more than ${limit}.` : "";
}
