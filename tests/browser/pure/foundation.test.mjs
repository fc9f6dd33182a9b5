// When to ask again, under which key, at which address, and how things are said.

import assert from "node:assert/strict";
import { test } from "node:test";
import { nextDelay } from "../../../frontend/js/cadence.js";
import { keyFor } from "../../../frontend/js/keys.js";
import { RequestFailed, problemBehind, problemOf } from "../../../frontend/js/problems.js";
import { advised, fieldError, whoWasFaster } from "../../../frontend/js/refusals.js";
import { historyLink, inboxLink, orderLink, ordersLink, parseRoute } from "../../../frontend/js/route.js";
import { keeper } from "../../../frontend/js/storage.js";
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

/** A Storage as browsers have it, with its items as own properties; `room` is how many items it takes. */
const storage = (room = Infinity) => {
  const methods = {
    getItem(name) { return Object.hasOwn(this, name) ? this[name] : null; },
    setItem(name, text) {
      if (!Object.hasOwn(this, name) && Object.keys(this).length >= room) throw new Error("QuotaExceededError");
      this[name] = text;
    },
    removeItem(name) { delete this[name]; },
  };
  return Object.create(methods);
};

test("what a browser refuses to keep, memory keeps until the page is left", () => {
  const refused = keeper(() => { throw new Error("SecurityError"); });
  const full = keeper(() => kept);
  const kept = storage(0);
  for (const place of [refused, full]) {
    assert.equal(place.getItem("a"), null);
    place.setItem("a", "1");
    assert.deepEqual([place.getItem("a"), place.names()], ["1", ["a"]]);
    place.removeItem("a");
    assert.deepEqual([place.getItem("a"), place.names()], [null, []]);
  }
});

test("what a browser keeps is there for the next page", () => {
  const kept = storage();
  keeper(() => kept).setItem("a", "1");
  assert.equal(keeper(() => kept).getItem("a"), "1");
});

/** @param {any} place @param {string} request */
const keyOf = async (place, request, now = 0) => (await keyFor(place, request, now)).key;

test("the same request keeps its key until it is settled; another request has another key", async () => {
  const kept = storage();
  const shared = keeper(() => kept);
  const first = await keyOf(shared, "me POST /orders 1");
  const second = await keyOf(shared, "me POST /orders 2");
  assert.notEqual(first, second);
  assert.deepEqual([await keyOf(shared, "me POST /orders 1"), await keyOf(shared, "me POST /orders 2")], [first, second]);
  (await keyFor(shared, "me POST /orders 2", 0)).settle();
  assert.equal(await keyOf(shared, "me POST /orders 1"), first);
  assert.notEqual(await keyOf(shared, "me POST /orders 2"), second);
  assert.match(first, /^[A-Za-z0-9_-]{16,64}$/);
});

test("two tabs that place different orders keep both keys", async () => {
  const kept = storage();
  const [one, other] = [keeper(() => kept), keeper(() => kept)];
  const [first, second] = [await keyOf(one, "order 1"), await keyOf(other, "order 2")];
  assert.deepEqual([await keyOf(one, "order 1"), await keyOf(other, "order 2")], [first, second]);
});

test("no words of a request stay behind, and a key is forgotten after a day", async () => {
  const kept = storage();
  const place = keeper(() => kept);
  const key = await keyOf(place, "me POST /orders secret");
  assert.ok(!JSON.stringify(kept).includes("secret"));
  assert.equal(await keyOf(place, "me POST /orders secret", 86_399_999), key);
  await keyOf(place, "another", 3 * 86_400_000);
  assert.equal(Object.keys(kept).length, 1);
});

test("a damaged entry only costs a new key", async () => {
  const kept = storage();
  const place = keeper(() => kept);
  const key = await keyOf(place, "r");
  kept[Object.keys(kept)[0]] = "{";
  assert.notEqual(await keyOf(place, "r"), key);
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
  assert.equal(whoWasFaster(problem, () => "12 s ago"), "Already approved by \u2068director-1\u2069 12 s ago.");
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
