// A new order before it is sent.

import assert from "node:assert/strict";
import { test } from "node:test";
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

test("a quantity stays as it was typed, letter by letter, and counts only when it is a whole number", () => {
  const typed = (text) => [...text].reduce((before, _, index) => draft.typeQuantity(before, "PEN", text.slice(0, index + 1)), draft.addLine(draft.EMPTY, "PEN")).lines[0];
  for (const [text, quantity] of [["7", 7], ["1o0", null], ["12,5", null], ["1 000", 1000], ["3.0", 3], ["3.05", null], ["12,500", null]]) {
    assert.equal(draft.typedQuantity(typed(text)), text);
    assert.equal(typed(text).quantity, quantity, text);
  }
  assert.equal(draft.typedQuantity(draft.typeQuantity(draft.addLine(draft.EMPTY, "PEN"), "PEN", "").lines[0]), "");
});

test("a good that is added again counts on, but not over a quantity that has to be corrected", () => {
  const typed = (text) => draft.addLine(draft.typeQuantity(draft.addLine(draft.EMPTY, "PEN"), "PEN", text), "PEN").lines[0];
  assert.deepEqual(typed("1 000"), { sku: "PEN", quantity: 1001 });
  assert.deepEqual(typed(""), { sku: "PEN", quantity: 1 });
  assert.deepEqual(typed("1o0"), { sku: "PEN", quantity: null, typed: "1o0" });
});

test("quantities that cannot be sent are named with their line", () => {
  const lines = [{ sku: "PEN", quantity: 1 }, { sku: "DESK", quantity: null, typed: "12,5" }, { sku: "CRATE", quantity: null }];
  const errors = draft.quantityErrors({ ...draft.EMPTY, lines });
  assert.deepEqual(errors.map(({ pointer, line }) => [pointer, line.sku]), [["/lines/1/quantity", "DESK"], ["/lines/2/quantity", "CRATE"]]);
  assert.match(errors[0].detail, /"12,5" is not a whole number/);
});

test("an error belongs to its line, also the tenth, and to no line that was removed or changed since", () => {
  const lines = Array.from({ length: 12 }, (_, index) => ({ sku: `BULK-${index}`, quantity: 1 }));
  const sent = { ...draft.EMPTY, lines };
  const fields = ["/customer", "/lines", "/lines/1/quantity", "/lines/10", "/lines/11/sku", "/lines/99"].map((pointer) => ({ pointer, detail: "wrong" }));
  const tied = draft.tieErrors(fields, sent);
  assert.deepEqual(tied.map(({ line }) => line?.sku), [undefined, undefined, "BULK-1", "BULK-10", "BULK-11", undefined]);
  const changed = draft.typeQuantity(draft.removeLine(sent, "BULK-1"), "BULK-10", "2");
  assert.deepEqual(draft.openErrors(tied, changed).map(({ pointer }) => pointer), ["/customer", "/lines", "/lines/11/sku", "/lines/99"]);
});

test("what a person typed can be brought back after examples took its place", () => {
  const sheet = (text) => ({ ...draft.EMPTY, customer: text });
  const typed = { draft: sheet("typed"), earlier: null, filled: null };
  const twice = draft.replaceDraft(draft.replaceDraft(typed, sheet("first example")), sheet("second example"));
  assert.deepEqual([twice.draft.customer, twice.earlier.customer], ["second example", "typed"]);
  const back = draft.bringBack(twice);
  assert.deepEqual([back.draft.customer, back.earlier.customer], ["typed", "second example"]);
  assert.equal(draft.replaceDraft(back, sheet("third example")).earlier.customer, "typed");
  const changed = { ...twice, draft: sheet("second example, changed") };
  assert.equal(draft.replaceDraft(changed, sheet("third example")).earlier.customer, "second example, changed");
  assert.equal(draft.replaceDraft({ draft: draft.EMPTY, earlier: null, filled: null }, sheet("first example")).earlier, null);
  const lines = [{ sku: "PEN", quantity: 1 }];
  assert.equal(draft.replaceDraft(typed, { ...typed.draft, lines }).earlier, null, "lines for a sheet without lines replace nothing");
});

test("a submission has no prices, no total and no empty note", () => {
  const filled = { customer: " acme ", note: "  ", lines: [{ sku: "PEN", quantity: 1 }] };
  assert.deepEqual(draft.submission(filled, "EUR"), { customer: "acme", currency: "EUR", lines: [{ sku: "PEN", quantity: 1 }] });
  assert.equal(draft.submission({ ...filled, note: "hello" }, "EUR").note, "hello");
  assert.deepEqual(draft.submission({ ...filled, lines: [{ sku: "PEN", quantity: 1000, typed: "1 000" }] }, "EUR").lines, [{ sku: "PEN", quantity: 1000 }]);
});

test("a draft survives storage, and rubbish in storage is an empty draft", () => {
  const kept = { customer: "acme", note: "n", lines: [{ sku: "PEN", quantity: 2 }, { sku: "DESK", quantity: null }, { sku: "CRATE", quantity: null, typed: "1o0" }] };
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
