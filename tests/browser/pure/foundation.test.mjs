// When to ask again, under which key, at which address, and how things are said.

import assert from "node:assert/strict";
import { test } from "node:test";
import { nextDelay } from "../../../frontend/js/cadence.js";
import { keyFor, settle } from "../../../frontend/js/keys.js";
import { RequestFailed, problemBehind, problemOf } from "../../../frontend/js/problems.js";
import { advised, fieldError, whoWasFaster } from "../../../frontend/js/refusals.js";
import { historyLink, inboxLink, orderLink, ordersLink, parseRoute } from "../../../frontend/js/route.js";
import { STATE_NAMES, ago, duration, money, orderState, remaining } from "../../../frontend/js/words.js";

const calm = { hidden: false, failures: 0, retryAfter: null, sinceAction: Infinity, steady: 5000 };

test("a hidden tab asks nothing, however much there is to ask", () => {
  assert.equal(nextDelay({ ...calm, hidden: true, failures: 3, sinceAction: 0 }), null);
});

test("after an own action the page looks soon, then less soon, then as usual", () => {
  const delays = [0, 400, 600, 1600, 4900, 5100].map((sinceAction) => nextDelay({ ...calm, sinceAction }));
  assert.deepEqual(delays, [250, 250, 500, 1000, 1000, 5000]);
});

test("what has ended is not asked again, except shortly after an own action", () => {
  assert.equal(nextDelay({ ...calm, steady: Infinity }), null);
  assert.equal(nextDelay({ ...calm, steady: Infinity, sinceAction: 0 }), 250);
});

test("failures back off with full jitter up to a minute, and never sooner than the server asked", () => {
  const longest = (failures) => nextDelay({ ...calm, failures }, () => 1);
  assert.deepEqual([1, 2, 3, 7, 50].map(longest), [1000, 2000, 4000, 60_000, 60_000]);
  assert.equal(nextDelay({ ...calm, failures: 9 }, () => 0), 250);
  assert.equal(nextDelay({ ...calm, failures: 1, retryAfter: 30 }, () => 1), 30_000);
});

const storage = () => {
  const kept = new Map();
  return { getItem: (name) => kept.get(name) ?? null, setItem: (name, value) => void kept.set(name, value) };
};

test("the same request keeps its key until it is answered; another body gets another key", () => {
  const place = storage();
  let count = 0;
  const key = (body) => keyFor(place, "me POST /orders", body, () => `key-${(count += 1)}`);
  assert.deepEqual([key({ a: 1 }), key({ a: 1 }), key({ a: 2 }), key({ a: 2 })], ["key-1", "key-1", "key-2", "key-2"]);
  settle(place, "me POST /orders");
  assert.equal(key({ a: 2 }), "key-3");
});

test("a real key has the form the API wants, and broken storage only costs a new key", () => {
  const place = storage();
  place.setItem("countersign.keys", "{");
  assert.match(keyFor(place, "r", 1), /^[A-Za-z0-9_-]{16,64}$/);
});

test("addresses lead to views and back", () => {
  assert.deepEqual(["", "#", "#/", "#/orders", "#/new", "#/inbox"].map((hash) => parseRoute(hash).view), ["orders", "orders", "orders", "orders", "new", "inbox"]);
  assert.deepEqual(parseRoute(orderLink("o/1 ü")).orderId, "o/1 ü");
  assert.equal(parseRoute("#/orders/%").orderId, "%");
  assert.deepEqual(["#/picking", "#/attention", "#/outbox", "#/orders/o1/history", "#/orders/o1/other", "#/missing"].map((hash) => parseRoute(hash).view), ["picking", "attention", "outbox", "history", "missing", "missing"]);
  assert.deepEqual([parseRoute(historyLink("o1")).orderId, parseRoute(inboxLink("c&d")).query.get("cursor"), inboxLink("")], ["o1", "c&d", "#/inbox"]);
  assert.equal(parseRoute("#/nowhere/at/all").view, "missing");
  const { query } = parseRoute(ordersLink({ status: "EXPIRED", mine: true, cursor: "a&b" }));
  assert.deepEqual([query.get("status"), query.get("mine"), query.get("cursor")], ["EXPIRED", "true", "a&b"]);
  assert.equal(ordersLink({}), "#/orders");
});

test("a problem document, API Gateway's own answer and silence all become a problem with advice", () => {
  const ours = problemOf(422, { code: "validation", detail: "Two fields are wrong.", traceId: "t", errors: [{ pointer: "/customer", detail: "is empty" }] });
  assert.deepEqual([ours.title, ours.traceId, fieldError(ours, "/customer")], ["Two fields are wrong.", "t", "is empty"]);
  for (const [status, body] of [[401, { message: "Unauthorized" }], [403, { message: "Forbidden" }], [413, { message: "x" }], [429, null], [500, null], [502, null], [503, { message: "x" }], [0, null], [418, null]]) {
    const problem = problemOf(status, body);
    assert.ok(problem.title && problem.advice && problem.code, String(status));
  }
  assert.equal(problemOf(503, null, "7").retryAfter, 7);
  assert.equal(problemOf(503, null, "Wed, 21 Oct 2015 07:28:00 GMT").retryAfter, null);
});

test("an error inside a value belongs to that value's input, not to its neighbour", () => {
  const problem = problemOf(422, { errors: [{ pointer: "/lines/1/quantity", detail: "too many" }] });
  assert.deepEqual([fieldError(problem, "/lines/1"), fieldError(problem, "/lines/10"), fieldError(null, "/x")], ["too many", "", ""]);
});

test("who was faster is told kindly", () => {
  const problem = problemOf(409, { code: "already-decided", state: "CHARGING", decision: { by: "director-1", verdict: "approve", at: "t" } });
  assert.equal(whoWasFaster(problem, () => "12 s ago"), "Already approved by director-1 12 s ago.");
  assert.equal(whoWasFaster(problemOf(409, { code: "too-late" }), () => ""), null);
});

test("a refusal is advised by its code, and everything else stays as it is", () => {
  const [known, unknown] = ["too-late", "brand-new"].map((code) => new RequestFailed(problemOf(409, { code })));
  assert.match(advised(known).problem.advice, /can no longer be withdrawn/);
  assert.equal(advised(unknown).problem.advice, problemOf(409, null).advice);
  const defect = new TypeError("x");
  assert.equal(advised(defect), defect);
});

test("a failed request keeps its problem", () => {
  const problem = problemOf(404, null);
  assert.equal(problemBehind(new RequestFailed(problem)), problem);
});

test("times and amounts read well", () => {
  assert.deepEqual([0, 84.4, 1200, 45_000, 245_000, 3 * 3600_000, 51 * 3600_000].map(duration), ["0 ms", "84 ms", "1.2 s", "45 s", "4 min 5 s", "3 h", "2 d 3 h"]);
  assert.deepEqual([59_999, 3_599_999, 86_399_999].map(duration), ["1 min", "1 h", "1 d"]);
  assert.equal(money(123456, "EUR"), "€1,234.56");
  const now = Date.parse("2026-01-01T00:00:00Z");
  assert.deepEqual(["2026-01-01T00:00:09.1Z", "2026-01-01T00:01:30Z", "2025-12-31T23:59:59Z"].map((at) => remaining(at, now)), ["10 s left", "1 min 30 s left", "past its deadline"]);
  assert.deepEqual(["2026-01-01T00:00:02Z", "2025-12-31T23:59:48Z", "2025-12-31T21:00:00Z"].map((at) => ago(at, now)), ["just now", "12 s ago", "3 h ago"]);
});

test("every state has an icon and a word of its own", () => {
  const labels = STATE_NAMES.map(orderState);
  assert.ok(labels.every(({ icon, word }) => icon && word));
  assert.equal(new Set(labels.map(({ word }) => word)).size, labels.length);
  assert.equal(orderState("BRAND_NEW").word, "BRAND_NEW");
});
