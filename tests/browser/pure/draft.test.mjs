// A new order before it is sent.

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCsv } from "../../../frontend/js/csv.js";
import * as draft from "../../../frontend/js/draft.js";

const item = (sku, unitPrice, more = {}) => ({ sku, name: `The ${sku}`, unitPrice, digital: true, available: true, ...more });
const ITEMS = [item("PEN", 1200), item("DESK", 99_000), item("CRATE", 500, { digital: false }), item("SOLD-OUT", 2500, { available: false }), item("BULK-0001", 10)];
const POLICY = {
  version: "1",
  currency: "EUR",
  cap: 25_000_000,
  tiers: [
    { upTo: 10_000, levels: [], coolingOff: false },
    { upTo: 500_000, levels: [{ role: "managers", quorum: 1 }], coolingOff: false },
    { upTo: null, levels: [{ role: "managers", quorum: 1 }, { role: "finance", quorum: 2 }], coolingOff: true },
  ],
};

test("adding a good twice makes one line of two", () => {
  const twice = draft.addLine(draft.addLine(draft.EMPTY, "PEN"), "PEN");
  assert.deepEqual(twice.lines, [{ sku: "PEN", quantity: 2 }]);
  assert.deepEqual(draft.removeLine(twice, "PEN").lines, []);
});

test("the total is in minor units, and what is not a number yet counts nothing", () => {
  const lines = [{ sku: "PEN", quantity: 3 }, { sku: "DESK", quantity: null }, { sku: "GONE", quantity: 9 }];
  assert.equal(draft.total({ ...draft.EMPTY, lines }, ITEMS), 3600);
});

test("the preview follows the policy to the cent", () => {
  const levels = (cents) => draft.approvalPreview(cents, POLICY).levels?.map(({ role }) => role);
  assert.deepEqual(levels(9_999), []);
  assert.deepEqual(levels(10_000), ["managers"]);
  assert.deepEqual(levels(499_999), ["managers"]);
  assert.deepEqual(levels(500_000), ["managers", "finance"]);
  assert.deepEqual(levels(25_000_000), ["managers", "finance"]);
  assert.deepEqual(draft.approvalPreview(25_000_001, POLICY), { overCap: true });
});

test("the search wants every word, in the name or in the number", () => {
  assert.deepEqual(draft.searchCatalogue(ITEMS, " the  pen", 9).shown.map(({ sku }) => sku), ["PEN"]);
  assert.deepEqual(draft.searchCatalogue(ITEMS, "nothing", 9), { shown: [], more: 0 });
  assert.deepEqual(draft.searchCatalogue(ITEMS, "", 2).more, 3);
});

test("quantities are whole numbers or not numbers", () => {
  assert.deepEqual(["7", " 12 ", "", "1.5", "-1", "1e3", "٣"].map(draft.parseQuantity), [7, 12, null, null, null, null, null]);
});

test("a submission has no prices, no total and no empty note", () => {
  const filled = { customer: " acme ", note: "  ", lines: [{ sku: "PEN", quantity: 1 }] };
  assert.deepEqual(draft.submission(filled, "EUR"), { customer: "acme", currency: "EUR", lines: [{ sku: "PEN", quantity: 1 }] });
  assert.equal(draft.submission({ ...filled, note: "hello" }, "EUR").note, "hello");
});

test("a draft survives storage, and rubbish in storage is an empty draft", () => {
  const kept = { customer: "acme", note: "n", lines: [{ sku: "PEN", quantity: 2 }, { sku: "DESK", quantity: null }] };
  assert.deepEqual(draft.parseDraft(JSON.stringify(kept)), kept);
  for (const rubbish of [null, "", "{", "7", '{"customer":1}', '{"customer":"a","note":"b","lines":7}']) {
    assert.deepEqual(draft.parseDraft(rubbish), draft.EMPTY);
  }
});

test("there is an example for every tier, for the warehouse and for every trigger of the sandbox", () => {
  const all = draft.examples(ITEMS, POLICY);
  const tiers = all.slice(0, 3).map((example) => draft.approvalPreview(draft.total(example.draft, ITEMS), POLICY).levels.length);
  assert.deepEqual(tiers, [0, 1, 2]);
  assert.ok(all.slice(0, 3).every(({ draft: { lines } }) => lines[0].sku !== "CRATE"), "physical goods need a warehouse");
  assert.deepEqual(all.slice(3).map(({ id, draft: { customer, lines } }) => [id, customer, lines[0].sku]), [
    ["parcel", "acme", "CRATE"],
    ...["gateway-flaky", "settlement-slow", "capture-declined", "card-declined", "credit-refused"].map((name) => [name, name, "PEN"]),
    ["sold-out", "acme", "SOLD-OUT"],
  ]);
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
});

test("a file of lines: headings and empty lines are passed over, goods are added up, mistakes name their line", () => {
  const file = '\uFEFFsku,quantity\r\nPEN,3\r\n"DESK";"2"\n\nPEN,4\nGHOST,1\nPEN,x\nCRATE,0\nDESK,10000\n';
  const { lines, mistakes } = parseCsv(file, new Set(ITEMS.map(({ sku }) => sku)));
  assert.deepEqual(lines, [{ sku: "PEN", quantity: 7 }, { sku: "DESK", quantity: 2 }]);
  assert.deepEqual(mistakes.map(({ number }) => number), [6, 7, 8, 9]);
  assert.match(mistakes[0].detail, /"GHOST" is not in the catalogue/);
});

test("ten thousand lines of a file are read", () => {
  const skus = Array.from({ length: 10_000 }, (_, index) => `BULK-${index}`);
  const { lines, mistakes } = parseCsv(skus.map((sku) => `${sku},2`).join("\n"), new Set(skus));
  assert.deepEqual([lines.length, mistakes.length], [10_000, 0]);
});
