// Where things lie on the axis of the timeline.

import assert from "node:assert/strict";
import { test } from "node:test";
import { activeIntervals, bars, createAxis, elapsedOf, errorText, geometry, retries, silences, ticks, union } from "../../../frontend/js/timeline/geometry.js";

const START = Date.parse("2026-01-01T00:00:00Z");
const at = (seconds) => new Date(START + seconds * 1000).toISOString();

const operation = (id, from, to, more = {}) => ({
  id,
  type: "STEP",
  name: id,
  status: to === null ? "STARTED" : "SUCCEEDED",
  startedAt: at(from),
  endedAt: to === null ? null : at(to),
  ...more,
});

const history = (operations, more = {}) => ({
  status: "SUCCEEDED",
  startedAt: at(0),
  endedAt: null,
  operations,
  invocations: [],
  ...more,
});

test("intervals that overlap or touch become one", () => {
  const pieces = [{ from: 5, to: 9 }, { from: 0, to: 2 }, { from: 2, to: 3 }, { from: 6, to: 7 }];
  assert.deepEqual(union(pieces), [{ from: 0, to: 3 }, { from: 5, to: 9 }]);
});

test("a silence of two seconds stays, a longer one is cut out", () => {
  const active = [{ from: 0, to: 1000 }, { from: 3000, to: 3500 }, { from: 5501, to: 6000 }];
  assert.deepEqual(silences(active, 6000), [{ from: 3500, to: 5501 }]);
});

test("in a long busy execution a silence must be a twentieth of the activity to be cut out", () => {
  const active = [{ from: 0, to: 100_000 }, { from: 104_000, to: 105_000 }, { from: 112_000, to: 113_000 }];
  assert.deepEqual(silences(active, 113_000), [{ from: 105_000, to: 112_000 }]);
});

test("an execution that waits right now ends in a silence", () => {
  assert.deepEqual(silences([{ from: 0, to: 1000 }], 60_000), [{ from: 1000, to: 60_000 }]);
});

test("positions count shown time as a share and cut-out silences one by one", () => {
  const axis = createAxis(0, 10_000, [{ from: 2000, to: 6000 }]);
  assert.deepEqual(axis(0), { share: 0, gaps: 0 });
  assert.deepEqual(axis(2000), { share: 2 / 6, gaps: 0 });
  assert.deepEqual(axis(3000), { share: 2 / 6, gaps: 0.25 });
  assert.deepEqual(axis(6000), { share: 2 / 6, gaps: 1 });
  assert.deepEqual(axis(10_000), { share: 1, gaps: 1 });
});

test("positions outside the axis lie at its ends, and an axis without length is still one", () => {
  const axis = createAxis(1000, 2000, []);
  assert.deepEqual([axis(0).share, axis(9000).share], [0, 1]);
  assert.deepEqual(createAxis(5, 5, [])(5), { share: 0, gaps: 0 });
});

test("positions never go backwards, whatever the silences", () => {
  let seed = 7;
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  for (let round = 0; round < 200; round += 1) {
    const points = Array.from({ length: 8 }, () => Math.floor(random() * 1e6)).sort((a, b) => a - b);
    const gaps = [{ from: points[1], to: points[2] + 1 }, { from: points[4] + 2, to: points[5] + 3 }];
    const axis = createAxis(points[0], points[7] + 4, gaps);
    const placed = Array.from({ length: 50 }, (_, index) => axis(points[0] + (index / 49) * (points[7] + 4 - points[0])));
    for (const [index, position] of placed.slice(1).entries()) {
      assert.ok(position.share > placed[index].share - 1e-9 && position.gaps > placed[index].gaps - 1e-9);
    }
    assert.ok(Math.abs(placed[49].share - 1) < 1e-9 && placed[49].gaps === 2);
  }
});

test("waiting is not activity, but its beginning and its end are moments to show", () => {
  const waits = history([operation("wait", 0, 100, { type: "WAIT" }), operation("step", 100, 101)]);
  const active = activeIntervals(waits, START);
  assert.deepEqual(active.map(({ from, to }) => [from - START, to - START]), [[0, 0], [100_000, 101_000]]);
});

test("between two attempts nothing runs", () => {
  const attempts = [{ startedAt: at(0), endedAt: at(1), status: "FAILED" }, { startedAt: at(31), endedAt: at(32) }];
  const shape = geometry(history([operation("pay", 0, 32, { attempts })]), START);
  assert.equal(shape.gapCount, 1);
  assert.equal(shape.silences[0].ms, 30_000);
});

test("every attempt has its own bar, and only the last one shows how the operation stands", () => {
  const attempts = [{ startedAt: at(0), endedAt: at(1), status: "FAILED" }, { startedAt: at(3), endedAt: at(4), status: "SUCCEEDED" }];
  const drawn = bars(operation("pay", 0, 4, { attempts }), "SUCCEEDED", createAxis(START, START + 4000, []), START);
  assert.deepEqual(drawn.map(({ from, to, state }) => [from.share, to.share, state]), [[0, 0.25, "FAILED"], [0.75, 1, "SUCCEEDED"]]);
});

test("an open operation reaches to now, an abandoned one does not pretend to run", () => {
  const axis = createAxis(START, START + 10_000, []);
  const open = operation("decision", 2, null, { type: "CALLBACK" });
  const [running] = bars(open, "WAITING", axis, START + 10_000);
  const [abandoned] = bars(open, "ABANDONED", axis, START + 10_000);
  assert.deepEqual([running.to.share, running.open], [1, true]);
  assert.deepEqual([abandoned.to.share, abandoned.open], [0.2, false]);
});

test("at full length nothing is cut out", () => {
  const long = history([operation("a", 0, 1), operation("b", 101, 102)]);
  assert.equal(geometry(long, START).gapCount, 1);
  assert.equal(geometry(long, START, { linear: true }).gapCount, 0);
});

test("compute is what invocations took; one that still runs counts until now", () => {
  const invocations = [
    { startedAt: at(0), endedAt: at(1), replayed: 0, ran: 3 },
    { startedAt: at(50), endedAt: null, error: { type: "Sandbox.Timedout" } },
  ];
  const shape = geometry(history([], { status: "RUNNING", invocations }), START + 52_000);
  assert.equal(shape.computed, 3000);
  assert.equal(shape.elapsed, 52_000);
  assert.deepEqual(shape.invocations.map(({ number, error, open }) => [number, error, open]), [[1, "", false], [2, "Sandbox.Timedout", true]]);
});

test("an execution of which nothing is known yet has an empty shape", () => {
  const shape = geometry(history([], { status: "RUNNING" }), START);
  assert.deepEqual([shape.gapCount, shape.elapsed, shape.invocations.length], [0, 0, 0]);
});

test("a clock that is behind never makes a negative duration", () => {
  assert.equal(elapsedOf(operation("a", 5, null), START), 0);
});

test("ten thousand operations with a silence after each one are placed in their order", () => {
  const many = history(Array.from({ length: 10_000 }, (_, index) => operation(`op-${index}`, index * 10, index * 10 + 1)));
  const { axis, gapCount } = geometry(many, START);
  assert.equal(gapCount, 0, "nine seconds are nothing in ten thousand");
  const placed = many.operations.map((each) => bars(each, "SUCCEEDED", axis, START)[0]);
  assert.ok(placed.every((bar, index) => index === 0 || bar.from.share > placed[index - 1].to.share));
});

test("a deadline that lies ahead is on the axis, behind a silence that has not passed", () => {
  const waits = history([operation("decision", 1, null, { type: "CALLBACK", deadline: at(600) })], { status: "RUNNING" });
  const shape = geometry(waits, START + 60_000);
  assert.deepEqual(shape.silences.map(({ ms, ahead }) => [ms, ahead]), [[59_000, false], [540_000, true]]);
  assert.equal(shape.axis(START + 600_000).gaps, 2);
  assert.deepEqual(shape.now, shape.axis(START + 60_000));
  assert.equal(shape.elapsed, 60_000);
});

test("while everything waits, the passing of time moves nothing", () => {
  const waits = history([operation("decision", 1, null, { type: "CALLBACK", deadline: at(600) })], { status: "RUNNING" });
  const [before, after] = [geometry(waits, START + 60_000), geometry(waits, START + 61_000)];
  assert.equal(before.scale, after.scale);
  assert.deepEqual(before.axis(START + 1000), after.axis(START + 1000));
  assert.deepEqual(before.now, after.now);
});

test("what people did has its place even where nothing ran", () => {
  const waits = history([operation("a", 0, 1), operation("b", 601, 602)]);
  assert.equal(geometry(waits, START).gapCount, 1);
  assert.equal(geometry(waits, START, { moments: [at(300)] }).gapCount, 2);
});

test("between attempts lies a gap with the time until the next; after the last one only when another comes", () => {
  const attempts = [{ startedAt: at(0), endedAt: at(1), error: "x", nextAttemptAt: at(5) }, { startedAt: at(5.2), endedAt: at(6), error: "x", nextAttemptAt: at(8) }];
  const axis = createAxis(START, START + 8000, []);
  const spans = (status) => retries(operation("pay", 0, 6, { attempts, status }), axis).map(({ from, to, ms }) => [from.share, to.share, ms]);
  assert.deepEqual(spans("PENDING"), [[0.125, 0.65, 4000], [0.75, 1, 2000]]);
  assert.deepEqual(spans("FAILED"), [[0.125, 0.65, 4000]]);
});

test("an attempt without an end that was followed by another was interrupted", () => {
  const attempts = [{ startedAt: at(0), endedAt: null }, { startedAt: at(3), endedAt: at(4) }];
  const drawn = bars(operation("pay", 0, 4, { attempts }), "SUCCEEDED", createAxis(START, START + 4000, []), START + 9000);
  assert.deepEqual(drawn.map(({ state, open }) => [state, open]), [["INTERRUPTED", false], ["SUCCEEDED", false]]);
});

test("an invocation replays what had ended before it began, and runs what ended in it; one spot has one tick", () => {
  const done = history([operation("a", 0, 1), operation("b", 0, 1), operation("c", 10, 11), operation("d", 30, 31)]);
  const found = ticks(done, { startedAt: at(9), endedAt: at(12) }, createAxis(START, START + 40_000, []), START);
  assert.deepEqual([found.replayed.map(({ share }) => share), found.ran.map(({ share }) => share)], [[0.025], [0.275]]);
});

test("an error is told without the module and the request it comes from", () => {
  assert.equal(errorText("Runtime.ExitError: RequestId: f24e5b95-ef76-4295-a1fe-4ca2a9d1e96e Error: Runtime exited"), "Runtime.ExitError: Runtime exited");
  assert.equal(errorText("orders.domain.errors.GatewayUnavailableError: no answer"), "GatewayUnavailableError: no answer");
  assert.equal(errorText({ type: "Sandbox.Timedout", message: "3 s" }), "Sandbox.Timedout: 3 s");
  assert.equal(errorText(null), "");
});

test("what happened since the clock last ticked is not drawn behind the present", () => {
  const shape = geometry(history([operation("late", 9, 9.4)], { status: "RUNNING" }), START + 9000);
  assert.deepEqual([shape.now.share, shape.axis(START + 9400).share, shape.elapsed], [1, 1, 9400]);
});
