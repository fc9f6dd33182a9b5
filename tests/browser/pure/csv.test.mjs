// Files people have: what an import makes of each, or which line it names as a mistake.

import assert from "node:assert/strict";
import { test } from "node:test";
import { rowsOf } from "../../../frontend/js/csv-records.js";
import { textOf } from "../../../frontend/js/csv-text.js";
import { parseCsv } from "../../../frontend/js/csv.js";
import { readQuantity } from "../../../frontend/js/quantity.js";

const KNOWN = ["PEN", "DESK", "CRATE-01"];
const read = (text) => parseCsv(text, KNOWN);
const amounts = (found) => Object.fromEntries(found.lines.map(({ sku, quantity }) => [sku, quantity]));
const named = (found) => Object.fromEntries(found.mistakes.map(({ number, detail }) => [number, detail]));

/** A name, the text, the quantities by SKU, and for each mistake its line and what it says. @type {[string, string, object, Record<number, RegExp>][]} */
const FILES = [
  ["a heading and lines", "sku,quantity\nPEN,3\nDESK,2\n", { PEN: 3, DESK: 2 }, {}],
  ["no heading", "PEN,3\nDESK,2", { PEN: 3, DESK: 2 }, {}],
  ["Excel in Germany", "SKU;Menge\r\nPEN;3\r\nDESK;2\r\n", { PEN: 3, DESK: 2 }, {}],
  ["tabs", "sku\tquantity\nPEN\t3\n", { PEN: 3 }, {}],
  ["bars", "sku|quantity\nPEN|3\n", { PEN: 3 }, {}],
  ["old Mac line ends", "sku,quantity\rPEN,3\rDESK,2", { PEN: 3, DESK: 2 }, {}],
  ["headings in the other order", "Quantity,SKU\n3,PEN\n", { PEN: 3 }, {}],
  ["other words for the headings", "Part number;Qty\nPEN;3\n", { PEN: 3 }, {}],
  ["extra columns", "name,sku,price,quantity,note\nThe pen,PEN,12.00,3,blue\n", { PEN: 3 }, {}],
  ["a comma in quotes in an extra column", 'name,sku,quantity\n"Pen, blue",PEN,3\n', { PEN: 3 }, {}],
  ["separators of the other kind in an extra column", "sku;name;quantity\nPEN;a, b, c;3\n", { PEN: 3 }, {}],
  ["a line break in quotes", 'sku,quantity,note\nPEN,3,"two\r\nlines"\nGHOST,1\n', { PEN: 3 }, { 4: /"GHOST" is not in the catalogue/ }],
  ["doubled quotes", 'name,sku,quantity\n"19"" screen",DESK,2\n', { DESK: 2 }, {}],
  ["an inch mark in the middle", 'name,sku,quantity\n19" screen,DESK,2\n', { DESK: 2 }, {}],
  ["everything in quotes, spaces around", '"sku" , "quantity"\n "PEN" , "3" \n', { PEN: 3 }, {}],
  ["the separator declared", "sep=;\nPEN;3\nGHOST;1\n", { PEN: 3 }, { 3: /GHOST/ }],
  ["a separator declared that this page would not guess", "sep=^\r\nPEN^3\r\n", { PEN: 3 }, {}],
  ["blank rows", "\n\nsku,quantity\n\nPEN,3\n,\n  \nGHOST,1\n\n", { PEN: 3 }, { 8: /GHOST/ }],
  ["texts that a formula keeps", '="PEN",="3"\n"=""DESK""",2\n', { PEN: 3, DESK: 2 }, {}],
  ["lower case", "pen,3\nCrate-01,1\n", { PEN: 3, "CRATE-01": 1 }, {}],
  ["one good on several lines", "PEN,3\nDESK,1\npen,4\n", { PEN: 7, DESK: 1 }, {}],
  ["zeros in front", "PEN,007\n", { PEN: 7 }, {}],
  ["a no-break space", "PEN;\u00a03\u00a0\n", { PEN: 3 }, {}],
  ["a first line that is no heading", "GHOST,1\nPEN,3\n", { PEN: 3 }, { 1: /"GHOST" is not in the catalogue/ }],
  ["a heading that nobody knows", "product;number\nPEN;3\n", { PEN: 3 }, { 1: /"product" is not in the catalogue/ }],
  ["a title above the heading", "Order of May;\nsku;quantity\nPEN;3\n", { PEN: 3 }, { 1: /"Order of May" is not in the catalogue/ }],
  ["thousands with a comma, not in quotes", "sku,quantity\nPEN,1,000\nDESK,2\n", { DESK: 2 }, { 2: /3 columns \(separator: comma\); the heading has 2/ }],
  ["decimals with a comma, not in quotes", "PEN,3,5\nDESK,2\n", { DESK: 2 }, { 1: /3 columns.*a file without a heading has 2/ }],
  ["thousands with a comma, without any other line", "PEN;1,000\nDESK;2,000\n", {}, { 1: /"1,000" can mean thousands or decimals/, 2: /"2,000"/ }],
  ["thousands with a comma in quotes", 'PEN,"1,000"\n', {}, { 1: /"1,000" can mean thousands or decimals/ }],
  ["thousands with a point", "PEN;1.000\n", {}, { 1: /"1.000" can mean thousands or decimals/ }],
  ["thousands with spaces or apostrophes", "PEN;1 000\nDESK;2\u00a0000\nCRATE-01;3’000\n", { PEN: 1000, DESK: 2000, "CRATE-01": 3000 }, {}],
  ["decimals", "PEN;3,5\nDESK;3.5\n", {}, { 1: /"3,5" is not a whole number/, 2: /"3.5" is not a whole number/ }],
  ["decimals that are zero", "PEN;3,00\nDESK;4.0\n", { PEN: 3, DESK: 4 }, {}],
  ["a separator of another kind in one line", "PEN,3\nDESK;2\nPEN,1\n", { PEN: 4 }, { 2: /The line has 1 column \(separator: comma\)/ }],
  ["a quantity that is none", "PEN,x\nDESK,\n,4\nCRATE-01,-2\nPEN,1e3\n", {}, { 1: /"x" is not a whole/, 2: /Enter a quantity/, 3: /SKU is missing/, 4: /"-2"/, 5: /"1e3"/ }],
  ["a quantity out of range", "PEN,0\nDESK,10001\n", {}, { 1: /1 to 10,000 of a good, not 0/, 2: /not 10,001/ }],
  ["more of one good than can be ordered", "PEN,6000\nDESK,1\nPEN,6000\n", { PEN: 6000, DESK: 1 }, { 3: /lines of PEN add up to more than 10,000/ }],
  ["text behind a closing quote", 'PEN,"3"5\nDESK,2\n', { DESK: 2 }, { 1: /Text follows a closing quote/ }],
  ["a long text", `${"x".repeat(500)},1\n`, {}, { 1: /^"x{40}…" is not/ }],
  ["a long text of characters that take two places", `${"😀".repeat(41)},1\n`, {}, { 1: /^"(😀){40}…" is not/u }],
];

for (const [name, text, wanted, mistakes] of FILES) {
  test(`a file with ${name}`, () => {
    const found = read(text);
    assert.deepEqual(amounts(found), wanted);
    assert.deepEqual(Object.keys(named(found)), Object.keys(mistakes));
    for (const [number, detail] of Object.entries(mistakes)) assert.match(named(found)[number], detail);
    assert.equal(found.count, found.used + found.mistakes.length);
  });
}

const REFUSED = [
  ["only a heading", "sku,quantity\n", /has no lines/],
  ["only separators", ";;\n;;\n", /has no lines/],
  ["a quote that is never closed", 'sku,quantity\nPEN,3\n"DESK,2\nPEN,4\n', /Line 3 opens a quote/],
  ["a quote in its only line that is never closed", 'PEN,"3\n', /Line 1 opens a quote/],
  ["two columns of quantities", "sku,quantity,qty\nPEN,3,4\n", /Line 1 names the column quantity more than once/],
  ["more lines than an order has", "PEN,1\n".repeat(10_001), /10,001 lines. An order has at most 10,000 lines/],
];

for (const [name, text, refusal] of REFUSED) {
  test(`a file with ${name} is refused as a whole`, () => assert.match(read(text).refusal, refusal));
}

test("ten thousand lines are read, and so are lines as long as the file", () => {
  assert.equal(read("PEN,1\n".repeat(10_000)).used, 10_000);
  const quotes = `PEN,3\n"${'""'.repeat(1_000_000)}",2\n`;
  assert.deepEqual(amounts(read(quotes)), { PEN: 3 });
  assert.match(read(`PEN,3\n"${'""'.repeat(1_000_000)}`).refusal, /Line 2/);
});

test("rows keep the line they begin on, whatever stands in quotes", () => {
  const { rows } = rowsOf('a,"b\n\nb"\r\nc\rd,', ",", 2);
  assert.deepEqual(rows, [
    { line: 2, cells: ["a", "b\n\nb"], torn: false },
    { line: 5, cells: ["c"], torn: false },
    { line: 6, cells: ["d", ""], torn: false },
  ]);
});

const utf16 = (text, bigEndian) => {
  const bytes = new Uint8Array(text.length * 2);
  [...text].forEach((letter, index) => new DataView(bytes.buffer).setUint16(index * 2, letter.charCodeAt(0), !bigEndian));
  return bytes;
};
const ENCODED = [
  ["UTF-8", new TextEncoder().encode("Stück\n")],
  ["UTF-8 with a byte order mark", new TextEncoder().encode("\ufeffStück\n")],
  ["Windows-1252", Uint8Array.from("Stück\n", (letter) => letter.charCodeAt(0))],
  ["UTF-16, little end first", utf16("\ufeffStück\n", false)],
  ["UTF-16, big end first", utf16("\ufeffStück\n", true)],
  ["UTF-16, little end first, without a mark", utf16("Stück\n", false)],
  ["UTF-16, big end first, without a mark", utf16("Stück\n", true)],
];

for (const [name, bytes] of ENCODED) test(`a text in ${name}`, () => assert.deepEqual(textOf(bytes), { text: "Stück\n" }));

test("the same lines are read from every way to write them down", () => {
  const lines = [["PEN", "3", 'a 19" one'], ["DESK", "2", "two\nlines; a, b"], ["CRATE-01", "10000", ""]];
  const quote = (cell) => `"${cell.replaceAll('"', '""')}"`;
  let count = 0;
  for (const separator of [",", ";", "\t", "|"])
    for (const end of ["\n", "\r\n", "\r"])
      for (const order of [[0, 1, 2], [1, 2, 0], [2, 0, 1]])
        for (const all of [true, false])
          for (const encode of [(text) => new TextEncoder().encode(text), (text) => utf16(`\ufeff${text}`, true), (text) => utf16(text, false)]) {
            const rows = [["SKU", "Quantity", "Name"], ...lines].map((cells) => order.map((index) => (all || index === 2 ? quote(cells[index]) : cells[index])).join(separator));
            const found = read(textOf(encode(rows.join(end) + end)).text);
            assert.deepEqual([amounts(found), found.mistakes], [{ PEN: 3, DESK: 2, "CRATE-01": 10_000 }, []]);
            count += 1;
          }
  assert.equal(count, 216);
});

const BINARY = [
  ["an Excel workbook", [0x50, 0x4b, 3, 4, 20, 0, 6, 0], /Excel workbook \(\.xlsx\)/],
  ["an old Excel workbook", [0xd0, 0xcf, 0x11, 0xe0, 0xa1], /old Excel workbook/],
  ["a PDF document", [...new TextEncoder().encode("%PDF-1.7\n")], /PDF document/],
  ["a picture", [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0], /not a text file/],
  ["UTF-32", [0xff, 0xfe, 0, 0, 0x50, 0, 0, 0], /not a text file/],
  ["nothing", [], /empty/],
  ["only a byte order mark", [0xef, 0xbb, 0xbf], /empty/],
];

for (const [name, bytes, refusal] of BINARY) test(`a file with ${name} is named as such`, () => assert.match(textOf(Uint8Array.from(bytes)).refusal, refusal));

test("a quantity is a whole number however its thousands are written, or a mistake", () => {
  const right = { 7: 7, " 12 ": 12, "1 000": 1000, "1'000": 1000, "1\u202f000": 1000, "1.000.000": 1_000_000, "1,000.00": 1000, "1.000,00": 1000, "1000.0": 1000, "3,00": 3 };
  for (const [text, quantity] of Object.entries(right)) assert.deepEqual(readQuantity(text), { quantity, mistake: "" }, text);
  for (const text of ["", " ", "1o0", "12,5", "1.5", "1,000", "1.000", "0,500", "1,00,000", "1 00", "1,000,00", "1,000.5", "-1", "+1", "1e3", "٣", "３", "12345678", "1 000 000 000"]) {
    assert.equal(readQuantity(text).quantity, null, text);
    assert.notEqual(readQuantity(text).mistake, "", text);
  }
});
