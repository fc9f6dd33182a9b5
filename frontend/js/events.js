// A history in the shape of GetDurableExecutionHistory, made from what the API tells, for `python -m local replay`. Pure.

/** @typedef {Timeline.History & {input?: string, result?: string, error?: string}} Whole with its payloads, as auditors get it */

/** @type {Record<string, string>} */
const NOUNS = { STEP: "Step", WAIT: "Wait", CALLBACK: "Callback", CHAINED_INVOKE: "ChainedInvoke", CONTEXT: "Context" };
/** @type {Record<string, string>} */
const VERBS = { SUCCEEDED: "Succeeded", FAILED: "Failed", TIMED_OUT: "TimedOut", STOPPED: "Stopped", CANCELLED: "Cancelled" };

/** Every event in its order; callbacks have no ids: nobody can wake an order with what is written here. @param {string} orderId @param {Whole} history */
export function eventsOf(orderId, { startedAt, endedAt, status, input, result, error, operations }) {
  const execution = { Id: orderId, Name: orderId };
  const events = [
    event("ExecutionStarted", startedAt, execution, { Input: { Payload: input } }),
    ...operations.flatMap(eventsOfOperation),
    ...(endedAt ? [event(`Execution${VERBS[status]}`, endedAt, execution, outcome(result, error))] : []),
  ];
  const inOrder = events.sort((a, b) => Date.parse(a.EventTimestamp) - Date.parse(b.EventTimestamp));
  return inOrder.map((each, index) => ({ EventId: index + 1, ...each }));
}

/** @param {Timeline.Operation} operation */
function eventsOfOperation(operation) {
  const { id, parentId, type, subType, name, status, startedAt, endedAt, result, error } = operation;
  const subject = { Id: id, ...(name && { Name: name }), ...(parentId && { ParentId: parentId }), ...(subType && { SubType: subType }) };
  const noun = NOUNS[type] ?? type;
  const tries = (operation.attempts ?? []).flatMap((attempt) => eventsOfAttempt(attempt, noun, subject, status === "PENDING" ? result : undefined));
  return [
    ...(tries.length ? tries : [event(`${noun}Started`, startedAt, subject, beginning(operation))]),
    ...(endedAt ? [event(`${noun}${VERBS[status]}`, endedAt, subject, outcome(result, error))] : []),
  ];
}

/** One that another follows tells when; of the last one, the operation tells the end. @param {Timeline.Attempt} attempt @param {string} noun @param {object} subject @param {string | undefined} result */
function eventsOfAttempt({ startedAt, endedAt, error, nextAttemptAt }, noun, subject, result) {
  const began = event(`${noun}Started`, startedAt, subject, {});
  if (!endedAt || !nextAttemptAt) return [began];
  const delay = Math.max(1, Math.round((Date.parse(nextAttemptAt) - Date.parse(endedAt)) / 1000));
  const details = { ...outcome(result, error), RetryDetails: { NextAttemptDelaySeconds: delay } };
  return [began, event(`${noun}${error ? "Failed" : "Succeeded"}`, endedAt, subject, details)];
}

/** @param {Timeline.Operation} operation */
function beginning({ type, deadline, startedAt, input }) {
  if (type === "WAIT") return { ScheduledEndTimestamp: deadline };
  const seconds = deadline ? Math.round((Date.parse(deadline) - Date.parse(startedAt)) / 1000) : 0;
  if (type === "CALLBACK") return { Timeout: seconds };
  return input ? { Input: { Payload: input } } : {};
}

/** @param {string | undefined} result @param {string | null | undefined} error "Type: what it says" */
function outcome(result, error) {
  if (!error) return { Result: { Payload: result ?? null } };
  const [type = "", ...message] = error.split(": ");
  return { Error: { Payload: { ErrorType: type, ErrorMessage: message.join(": ") } } };
}

/** @param {string} kind @param {string} at @param {object} subject @param {object} details */
const event = (kind, at, subject, details) => ({ EventType: kind, EventTimestamp: at, ...subject, [`${kind}Details`]: details });
