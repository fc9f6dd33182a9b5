// The text in the bytes of a file that a person chose, or why the file holds no text. Pure.

export const MAX_BYTES = 5_000_000;
const SAVE_AS = 'Open it in a spreadsheet, choose "Save as", and choose the format CSV.';

/** @type {[number[], string][]} the first bytes of what people choose by mistake */
const SIGNATURES = [
  [[0x50, 0x4b, 0x03, 0x04], `This is an Excel workbook (.xlsx) or another zip archive, not a CSV file. ${SAVE_AS}`],
  [[0xd0, 0xcf, 0x11, 0xe0], `This is an old Excel workbook (.xls), not a CSV file. ${SAVE_AS}`],
  [[0x25, 0x50, 0x44, 0x46], "This is a PDF document, not a CSV file. Ask for the lines as a CSV file."],
];
const CONTROL = /[\0-\x08\x0e-\x1f\x7f]/;

/** @param {Uint8Array} bytes @returns {{text: string} | {refusal: string}} */
export function textOf(bytes) {
  const [, refusal] = SIGNATURES.find(([signature]) => signature.every((byte, index) => bytes[index] === byte)) ?? [];
  if (refusal) return { refusal };
  const text = decode(bytes);
  if (!text.trim()) return { refusal: "The file is empty." };
  return CONTROL.test(text) ? { refusal: "This is not a text file. Choose a CSV file." } : { text };
}

/** Spreadsheets write UTF-8, "Unicode text" (UTF-16) or, on older Windows, Windows-1252. @param {Uint8Array} bytes */
function decode(bytes) {
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || second === 0) return new TextDecoder("utf-16le").decode(bytes);
  if ((first === 0xfe && second === 0xff) || first === 0) return new TextDecoder("utf-16be").decode(bytes);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder("windows-1252").decode(bytes);
  }
}
