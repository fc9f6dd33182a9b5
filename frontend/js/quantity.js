// A quantity as people and spreadsheets write it. Pure.

const PLAIN = /^\d{1,7}$/;
/** One group of three digits behind one comma or point: thousands in one country, decimals in another. */
const AMBIGUOUS = /^[1-9]\d{0,2}[.,]\d{3}$/;
/** Digits, perhaps in groups of three, perhaps with one or two decimals that are zero. */
const WRITTEN = /^([1-9]\d{0,2}([ \u00a0\u2009\u202f'’.,])\d{3}(?:\2\d{3})*|\d{1,7})(?:([.,])0{1,2})?$/;

/**
 * Reads a whole number, or says why the text is none. A text that can mean two numbers is a mistake, never a guess.
 * @param {string} text
 * @returns {{quantity: number, mistake: ""} | {quantity: null, mistake: string}}
 */
export function readQuantity(text) {
  const typed = text.trim();
  if (PLAIN.test(typed)) return { quantity: Number(typed), mistake: "" };
  if (!typed) return mistaken("Enter a quantity.");
  if (AMBIGUOUS.test(typed)) return mistaken(`${quoted(typed)} can mean thousands or decimals. Write a whole number without a comma or point.`);
  const [, whole = "", group, decimal] = WRITTEN.exec(typed) ?? [];
  const digits = whole.replace(/\D/g, "");
  if (!PLAIN.test(digits) || (decimal && group === decimal)) return mistaken(`${quoted(typed)} is not a whole number.`);
  return { quantity: Number(digits), mistake: "" };
}

/** @param {string} mistake @returns {{quantity: null, mistake: string}} */
const mistaken = (mistake) => ({ quantity: null, mistake });

/** The first 40 characters of a longer text, no character cut in two. */
const START = /^[^]{40}(?=[^])/u;

/** A text that a person wrote, at a length that a sentence of the page can hold. @param {string} text */
export function shortened(text) {
  const start = START.exec(text)?.[0];
  return start ? `${start}…` : text;
}

/** @param {string} text */
export const quoted = (text) => `"${shortened(text)}"`;
