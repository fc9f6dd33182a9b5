// How a history becomes the events that a replay reads.

import assert from "node:assert/strict";
import { test } from "node:test";
import { eventsOf } from "../../../frontend/js/events.js";

const at = (seconds) => new Date(Date.parse("2026-01-01T00:00:00Z") + seconds * 1000).toISOString();
const step = (id, from, to, more = {}) => ({ id, parentId: null, type: "STEP", subType: "Step", name: id, status: "SUCCEEDED", startedAt: at(from), endedAt: at(to), ...more });
const history = (operations, more = {}) => ({ status: "RUNNING", startedAt: at(0), endedAt: null, invocations: [], operations, input: "{}", ...more });
const outline = (events) => events.map(({ EventId, EventType, Id }) => `${EventId} ${EventType} ${Id}`);

test("everything is told in the order in which it happened, with its input and its result", () => {
  const inner = step("inner", 2, 3, { parentId: "outer", result: "7" });
  const outer = { ...step("outer", 1, 4), type: "CONTEXT", subType: "RunInChildContext" };
  const events = eventsOf("o1", history([outer, inner], { status: "SUCCEEDED", endedAt: at(5), result: '"done"' }));
  assert.deepEqual(outline(events), ["1 ExecutionStarted o1", "2 ContextStarted outer", "3 StepStarted inner", "4 StepSucceeded inner", "5 ContextSucceeded outer", "6 ExecutionSucceeded o1"]);
  assert.deepEqual([events[0].ExecutionStartedDetails, events[3].StepSucceededDetails, events[3].ParentId], [{ Input: { Payload: "{}" } }, { Result: { Payload: "7" } }, "outer"]);
});

test("a try that another follows says when; what still waits has no end", () => {
  const attempts = [{ startedAt: at(1), endedAt: at(2), error: "a.GatewayError: no: answer", nextAttemptAt: at(4) }, { startedAt: at(4), endedAt: at(5), error: "a.GatewayError", nextAttemptAt: at(9) }];
  const events = eventsOf("o1", history([{ ...step("pay", 1, 1, { attempts }), status: "PENDING", endedAt: null }]));
  assert.deepEqual(outline(events).slice(1), ["2 StepStarted pay", "3 StepFailed pay", "4 StepStarted pay", "5 StepFailed pay"]);
  assert.deepEqual(events[2].StepFailedDetails, { Error: { Payload: { ErrorType: "a.GatewayError", ErrorMessage: "no: answer" } }, RetryDetails: { NextAttemptDelaySeconds: 2 } });
  assert.equal(events[4].StepFailedDetails.RetryDetails.NextAttemptDelaySeconds, 4);
});

test("a poll that found nothing yet is no failure", () => {
  const attempts = [{ startedAt: at(1), endedAt: at(1), nextAttemptAt: at(2) }, { startedAt: at(2), endedAt: at(2) }];
  const events = eventsOf("o1", history([step("poll", 1, 2, { attempts, result: "true" })]));
  assert.deepEqual(outline(events).slice(1), ["2 StepStarted poll", "3 StepSucceeded poll", "4 StepStarted poll", "5 StepSucceeded poll"]);
});

test("waits and callbacks begin with their ends, and no callback with its id", () => {
  const wait = { ...step("wait", 1, 1), type: "WAIT", status: "STARTED", endedAt: null, deadline: at(31) };
  const callback = { ...step("0123456789abcdef", 1, 1), type: "CALLBACK", status: "TIMED_OUT", endedAt: at(11), deadline: at(11) };
  const [, waits, calls, ended] = eventsOf("o1", history([wait, callback]));
  assert.deepEqual(waits.WaitStartedDetails, { ScheduledEndTimestamp: at(31) });
  assert.deepEqual([calls.CallbackStartedDetails, ended.EventType], [{ Timeout: 10 }, "CallbackTimedOut"]);
});
