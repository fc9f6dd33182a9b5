// The rows of a CSV text, as RFC 4180 describes them, each with the line of the file where it begins. Pure.

/** @typedef {{line: number, cells: string[], torn: boolean}} Row `torn`: text follows a closing quote */

/**
 * @param {string} text
 * @param {string} separator one character
 * @param {number} [line] the number of the first line of `text` in its file
 * @returns {{rows: Row[], unclosed: number}} `unclosed`: the line of a quote that is never closed, or 0; its cell is the last
 */
export function rowsOf(text, separator, line = 1) {
  const untilSeparator = new RegExp(`[^${codeOf(separator)}\\r\\n]*`, "y");
  /** @type {Row[]} */
  const rows = [];
  for (let at = 0; at < text.length; line += 1) {
    /** @type {Row} */
    const row = { line, cells: [], torn: false };
    for (let more = true; more; ) {
      const cell = quotedCell(text, at);
      if (cell.end < 0) return { rows: [...rows, { ...row, cells: [...row.cells, cell.value] }], unclosed: line };
      untilSeparator.lastIndex = cell.end;
      const rest = untilSeparator.exec(text)?.[0] ?? "";
      at = cell.end + rest.length;
      row.cells.push(cell.value + rest);
      row.torn ||= cell.end > cell.start && rest.trim() !== "";
      line += cell.value.split(/\r\n|\r|\n/).length - 1;
      more = text[at] === separator;
      at += text.startsWith("\r\n", at) ? 2 : 1;
    }
    rows.push(row);
  }
  return { rows, unclosed: 0 };
}

/** @param {string} character */
const codeOf = (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

const OPENING = / *"/y;

/**
 * The quoted text that begins at `start`, if one does, and where it ends: at `start` when there is none, at -1 when it is not closed.
 * @param {string} text @param {number} start
 */
function quotedCell(text, start) {
  OPENING.lastIndex = start;
  if (!OPENING.test(text)) return { start, value: "", end: start };
  const from = OPENING.lastIndex;
  let to = text.indexOf('"', from);
  while (to >= 0 && text[to + 1] === '"') to = text.indexOf('"', to + 2);
  return { start, value: text.slice(from, to < 0 ? text.length : to).replaceAll('""', '"'), end: to < 0 ? -1 : to + 1 };
}
