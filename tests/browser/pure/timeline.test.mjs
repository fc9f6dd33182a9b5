// Which rows are shown, where the keys lead, what people did, and how payloads read.

import assert from "node:assert/strict";
import { test } from "node:test";
import { payloadText } from "../../../frontend/js/timeline/payload.js";
import { deedsOf, levelsOf, nudgesOf, steer, visibleLines } from "../../../frontend/js/timeline/history.js";
import { EVERYTHING, narrowing } from "../../../frontend/js/timeline/narrow.js";

const row = (id, children = [], more = {}) => ({ operation: { id, attempts: [], ...more.operation }, kind: more.kind ?? "step", name: more.name ?? id, state: more.state ?? "SUCCEEDED", children });
const ROWS = [
  row("screen", [row("credit"), row("duplicate", [], { state: "FAILED" })], { kind: "parallel" }),
  row("approve", [row("decision", [], { kind: "callback", state: "WAITING" })], { kind: "context", state: "WAITING" }),
  row("pay", [], { operation: { attempts: [{ error: "no answer" }, {}] } }),
];
const outline = (lines) => lines.map(({ row: { operation }, depth }) => `${"-".repeat(depth)}${operation.id}`);
const shown = (change, folded = new Set()) => outline(visibleLines(ROWS, narrowing({ ...EVERYTHING, ...change }), folded));

test("everything is shown in its order, and what is folded is not", () => {
  assert.deepEqual(shown({}), ["screen", "-credit", "-duplicate", "approve", "-decision", "pay"]);
  assert.deepEqual(shown({}, new Set(["screen"])), ["screen", "approve", "-decision", "pay"]);
});

test("what is found keeps what it is inside of, also when that was folded", () => {
  assert.deepEqual(shown({ text: " CRED " }), ["screen", "-credit"]);
  assert.deepEqual(shown({ text: "cred" }, new Set(["screen"])), ["screen", "-credit"]);
  assert.deepEqual(shown({ text: "nothing" }), []);
});

test("failed means an end or an attempt that failed; waiting, for time or for somebody", () => {
  assert.deepEqual(shown({ show: "failed" }), ["screen", "-duplicate", "pay"]);
  assert.deepEqual(shown({ show: "waiting" }), ["approve", "-decision"]);
});

test("kinds and groups narrow too, and filters add up", () => {
  assert.deepEqual(shown({ kind: "callback" }), ["approve", "-decision"]);
  assert.deepEqual(shown({ inside: "screen" }), ["screen", "-credit", "-duplicate"]);
  assert.deepEqual(shown({ inside: "screen", show: "waiting" }), []);
  assert.deepEqual([narrowing(EVERYTHING), narrowing({ ...EVERYTHING, text: " " }), narrowing({ ...EVERYTHING, kind: "step" })?.inside], [null, null, ""]);
});

test("arrows go up, down, in and out, and stop at the ends", () => {
  const lines = visibleLines(ROWS, null, new Set());
  assert.deepEqual([steer("ArrowDown", lines, 0), steer("ArrowDown", lines, 5), steer("ArrowUp", lines, 0), steer("End", lines, 0), steer("Home", lines, 3)], [{ go: 1 }, { go: 5 }, { go: 0 }, { go: 5 }, { go: 0 }]);
  assert.deepEqual([steer("ArrowLeft", lines, 0), steer("ArrowLeft", lines, 2), steer("ArrowRight", lines, 0), steer("ArrowRight", lines, 1), steer("ArrowLeft", lines, 5)], [{ fold: "screen" }, { go: 0 }, { go: 1 }, null, null]);
  const shut = visibleLines(ROWS, null, new Set(["screen"]));
  assert.deepEqual([steer("ArrowRight", shut, 0), steer("a", shut, 0), steer("ArrowDown", shut, -1)], [{ fold: "screen" }, null, null]);
});

test("people are those who are no machines; reminders belong to their level", () => {
  const audit = [
    { seq: 1, at: "a", actor: "requester-1", event: "submitted", data: {} },
    { seq: 2, at: "b", actor: "workflow", event: "level-opened", data: { level: 1 } },
    { seq: 3, at: "c", actor: "workflow", event: "reminded", data: { level: 1 } },
    { seq: 4, at: "d", actor: "manager-1", event: "rejected", data: { level: 1, reason: "No" } },
  ];
  assert.deepEqual(deedsOf(audit), [{ at: "a", actor: "requester-1", event: "submitted", reason: "" }, { at: "d", actor: "manager-1", event: "rejected", reason: "No" }]);
  assert.deepEqual(nudgesOf(audit), [{ at: "c", event: "reminded", level: 1 }]);
});

test("approvals are levels in the order they began", () => {
  const operations = [{ id: "x", name: "screen-order" }, { id: "m", name: "approve-manager" }, { id: "i", name: "approve-inner", parentId: "m" }, { id: "f", name: "approve-finance" }];
  assert.deepEqual([...levelsOf(operations)], [["m", 1], ["f", 2]]);
});

test("a payload is unwrapped from the SDK's types; what is not JSON stays", () => {
  const wrapped = { t: "m", v: { fresh: { t: "b", v: true }, none: { t: "n", v: null }, levels: { t: "l", v: [{ t: "i", v: 1 }] } } };
  assert.deepEqual(JSON.parse(payloadText(JSON.stringify(wrapped))), { fresh: true, none: null, levels: [1] });
  assert.deepEqual(JSON.parse(payloadText('{"t":"a letter","v":1,"more":2}')), { t: "a letter", v: 1, more: 2 });
  assert.deepEqual([payloadText("plain"), payloadText(null)], ["plain", ""]);
});
