// Text that a person wrote, made safe to show beside other text. Pure: `Text` in ui.js and plain strings both use it.

/** Controls, bidirectional embeddings, overrides and isolates, and separators of lines; a line feed is kept. */
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u2028-\u202e\u2066-\u2069\ufdd0-\ufdef\ufffe\uffff]/g;

/** @param {string} character */
function picture(character) {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  if (code === 0x7f) return "\u2421";
  return `[U+${code.toString(16).toUpperCase().padStart(4, "0")}]`;
}

/** Replaces each control character by a visible sign. @param {unknown} text */
export const visible = (text) => String(text ?? "").replaceAll("\r\n", "\n").replace(UNSAFE, picture);

/** Isolates the direction of a text inside a plain string, such as an accessible name or a notice. @param {unknown} text */
export const isolated = (text) => `\u2068${visible(text)}\u2069`;
