// How a history grows, and how its operations become rows.

import assert from "node:assert/strict";
import { test } from "node:test";
import { countRows, kindOf, mergeHistory, tree } from "../../../frontend/js/timeline/history.js";

const operation = (id, more = {}) => ({
  id,
  parentId: null,
  type: "STEP",
  name: id,
  status: "SUCCEEDED",
  startedAt: "2026-01-01T00:00:00Z",
  endedAt: "2026-01-01T00:00:01Z",
  ...more,
});

const open = { status: "STARTED", endedAt: null };
const history = (operations, more = {}) => ({ status: "RUNNING", startedAt: "2026-01-01T00:00:00Z", operations, invocations: [], ...more });
const outline = (rows) => rows.map(({ name, kind, state, children }) => [name, kind, state, outline(children)]);

test("what is new is laid over what was known, in the order things began", () => {
  const known = history([operation("a"), operation("b", open)], { cursor: "1", invocations: [{ requestId: "r1", startedAt: "t", endedAt: null }] });
  const news = history([operation("b"), operation("c", open)], { cursor: "2", invocations: [{ requestId: "r1", startedAt: "t", endedAt: "u" }] });
  const merged = mergeHistory(known, news);
  assert.deepEqual(merged.operations.map(({ id, status }) => [id, status]), [["a", "SUCCEEDED"], ["b", "SUCCEEDED"], ["c", "STARTED"]]);
  assert.deepEqual(merged.invocations, [{ requestId: "r1", startedAt: "t", endedAt: "u" }]);
  assert.equal(merged.cursor, "2");
});

test("the first answer is the history", () => {
  const news = history([operation("a")]);
  assert.equal(mergeHistory(undefined, news), news);
});

test("kinds: the sub-type says more where it is known", () => {
  assert.equal(kindOf(operation("x", { type: "CONTEXT", subType: "Parallel" })), "parallel");
  assert.equal(kindOf(operation("x", { type: "CONTEXT", subType: "RunInChildContext" })), "context");
  assert.equal(kindOf(operation("x", { type: "CHAINED_INVOKE" })), "invoke");
  assert.equal(kindOf(operation("x", { type: "STEP", subType: "WaitForCondition" })), "condition");
  assert.equal(kindOf(operation("x", { type: "SOMETHING_NEW" })), "something_new");
});

test("operations hang below their parents; one whose parent is unknown stands on its own", () => {
  const rows = tree(history([operation("p", { type: "CONTEXT" }), operation("a", { parentId: "p" }), operation("b", { parentId: "p" }), operation("c", { parentId: "lost" })]));
  assert.deepEqual(rows.map(({ name, children }) => [name, children.length]), [["p", 2], ["c", 0]]);
  assert.equal(countRows(rows), 4);
});

test("a finished context with one operation inside is one row, under the context's name", () => {
  const rows = tree(history([operation("branch-0", { type: "CONTEXT" }), operation("check-credit", { parentId: "branch-0" })]));
  assert.deepEqual(outline(rows), [["branch-0", "step", "SUCCEEDED", []]]);
});

test("whoever waits for time or for somebody is waiting, and so is what it is inside of", () => {
  const rows = tree(history([operation("approve", { type: "CONTEXT", ...open }), operation("step", { parentId: "approve" }), operation("decision", { type: "CALLBACK", parentId: "approve", ...open })]));
  assert.deepEqual(outline(rows), [["approve", "context", "WAITING", [["step", "step", "SUCCEEDED", []], ["decision", "callback", "WAITING", []]]]]);
});

test("what never ended, when everything around it did, was left behind", () => {
  const race = [operation("race", { type: "PARALLEL" }), operation("won", { parentId: "race" }), operation("timer", { type: "WAIT", parentId: "race", ...open })];
  assert.equal(tree(history(race))[0].children[1].state, "ABANDONED");
  assert.equal(tree(history([operation("late", open)], { status: "STOPPED" }))[0].state, "ABANDONED");
});

test("a step between two attempts will try again; a condition between two polls waits", () => {
  assert.equal(tree(history([operation("pay", { status: "PENDING", endedAt: null })]))[0].state, "PENDING");
  assert.equal(tree(history([operation("settle", { subType: "WaitForCondition", status: "PENDING", endedAt: null })]))[0].state, "WAITING");
});

test("the execution itself is not one of its operations", () => {
  assert.equal(countRows(tree(history([operation("root", { type: "EXECUTION", ...open })]))), 0);
});
