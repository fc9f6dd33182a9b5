// What is behind a row of the timeline: states, moments, attempts with their errors, and for auditors the payloads.

import { Chip, html, useNow } from "../ui.js";
import { duration, moment, operationKind, operationState } from "../words.js";
import { attemptState, elapsedOf, errorText } from "./geometry.js";
import { payloadText } from "./payload.js";

/** @param {{row: Timeline.Row, note: Timeline.LevelNote | undefined}} props */
export function View({ row: { operation, kind, name, state }, note }) {
  const now = useNow(1000, !operation.endedAt);
  const { deadline, attempts = [], error } = operation;
  const until = state === "ABANDONED" || operation.endedAt ? null : deadline;
  /** @type {[string, any][]} */
  const facts = [
    ["Kind", operationKind(kind).word],
    ["State", operationState(state).word],
    ["Name", operation.name === name ? null : operation.name],
    ["Began", moment(operation.startedAt)],
    ["Ended", operation.endedAt ? moment(operation.endedAt) : null],
    ["Took", operation.endedAt && operation.endedAt !== operation.startedAt ? duration(elapsedOf(operation, now)) : null],
    ["Waits until", until && `${moment(until)}, ${duration(Math.max(0, Date.parse(until) - now))} from now`],
    ["Decided by then", note?.deadline && moment(note.deadline)],
    ["Reminders", note?.nudges.length ? note.nudges.map(({ at, event }) => `${event} ${moment(at)}`).join(", ") : null],
    ["Error", error && errorText(error)],
    ["Left behind", state === "ABANDONED" ? "The execution went on without it, so it never ended." : null],
  ];
  return html`<div class="details">
    <dl>${facts.filter(([, value]) => value).map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>
    ${(attempts.length > 1 || state === "PENDING") && html`<ol class="attempts" aria-label="Attempts">
      ${attempts.map((attempt, index) => html`<li><${Attempt} attempt=${attempt} index=${index} count=${attempts.length} now=${now} /></li>`)}
    </ol>`}
    <${Payload} term="Input" text=${operation.input} /><${Payload} term="Result" text=${operation.result} />
  </div>`;
}

/** @param {{attempt: Timeline.Attempt, index: number, count: number, now: number}} props */
function Attempt({ attempt, index, count, now }) {
  const { startedAt, endedAt, error, nextAttemptAt } = attempt;
  const last = index === count - 1;
  const went = last && !endedAt ? "STARTED" : attemptState(attempt);
  const took = Math.max(0, (endedAt ? Date.parse(endedAt) : now) - Date.parse(startedAt));
  const again = nextAttemptAt && last ? `again at ${moment(nextAttemptAt)}` : "";
  return html`<${Chip} label=${operationState(went)} />${" "}
    ${[`attempt ${index + 1} of ${count}`, (endedAt || last) && took > 0 && duration(took), errorText(error), again].filter(Boolean).join(" · ")}`;
}

/** For auditors: others get no payloads from the server. @param {{term: string, text: string | null | undefined}} props */
const Payload = ({ term, text }) => text && html`<p class="payload"><span>${term}</span></p><pre tabindex="0" aria-label=${term}>${payloadText(text)}</pre>`;
