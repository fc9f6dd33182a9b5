// Draws a history: the invocations lane above, the operations as a tree below, all on one axis.

import { useMemo, useState } from "../../vendor/hooks.js";
import { counted, duration, moment } from "../format.js";
import { Chip, Loading, Problem, html, useNow } from "../ui.js";
import { executionState, operationKind, operationState } from "../words.js";
import { bars, elapsedOf, geometry } from "./geometry.js";
import { countRows, tree } from "./history.js";

/** @typedef {import("./history.js").History} History */
/** @typedef {import("./history.js").Row} Row */
/** @typedef {import("./geometry.js").Geometry} Geometry */
/** @typedef {import("./geometry.js").Span} Span */
/** @typedef {{shape: Geometry, now: number, folded: Set<string>, opened: Set<string>, fold: (id: string) => void, open: (id: string) => void}} Board */

/** Where a span lies, for the style sheet to work out: see geometry.js. @param {Span} span */
const place = ({ from, to }) => ({
  "--share": from.share,
  "--gaps": from.gaps,
  "--share-wide": to.share - from.share,
  "--gaps-wide": to.gaps - from.gaps,
});

/** @param {{history: History | undefined, problem: import("../problems.js").Problem | null}} props */
export function Timeline({ history, problem }) {
  return html`<section aria-labelledby="timeline" class="timeline">
    <h2 id="timeline">Execution timeline</h2>
    ${problem && problem.status !== 404 && html`<${Problem} problem=${problem} retry />`}
    ${history ? html`<${Drawing} history=${history} />` : !problem && html`<${Loading} what="the execution" />`}
    ${!history && problem?.status === 404 && html`<p class="empty">The execution is about to begin.</p>`}
  </section>`;
}

/** Toggles membership without changing the set others hold. @param {Set<string>} set @param {string} id */
const toggled = (set, id) => new Set(set.has(id) ? [...set].filter((each) => each !== id) : [...set, id]);

/** @param {{history: History}} props */
function Drawing({ history }) {
  const running = history.status === "RUNNING";
  const now = useNow(1000, running);
  const [linear, setLinear] = useState(false);
  const [folded, setFolded] = useState(() => /** @type {Set<string>} */ (new Set()));
  const [opened, setOpened] = useState(() => /** @type {Set<string>} */ (new Set()));
  const rows = useMemo(() => tree(history), [history]);
  const shape = geometry(history, now, linear);
  /** @type {Board} */
  const board = {
    shape,
    now,
    folded,
    opened,
    fold: (id) => setFolded((before) => toggled(before, id)),
    open: (id) => setOpened((before) => toggled(before, id)),
  };
  return html`<div class="topline">
      <p><${Chip} label=${executionState(history.status)} /> ${headline(history, shape, countRows(rows))}</p>
      <label class="inline"><input type="checkbox" checked=${linear} onChange=${() => setLinear(!linear)} /><span>Show waits at full length</span></label>
    </div>
    <div class="board" style=${{ "--gap-count": shape.gapCount }}>
      <div class="silences" aria-hidden="true">
        ${shape.silences.map((silence) => html`<i class="silence" style=${place(silence)}><b>${duration(silence.ms)}</b></i>`)}
      </div>
      <${Invocations} shape=${shape} />
      <ol class="operations" aria-label="Operations">${rows.map((row) => html`<${Operation} key=${row.operation.id} row=${row} depth=${0} board=${board} />`)}</ol>
    </div>`;
}

/** @param {History} history @param {Geometry} shape @param {number} operations */
function headline(history, shape, operations) {
  const spent = `${duration(shape.computed)} of compute in ${duration(shape.elapsed)}`;
  return `${spent}, ${counted(history.invocations.length, "invocation")}, ${counted(operations, "operation")}`;
}

/** @param {{shape: Geometry}} props */
const Invocations = ({ shape }) => html`<details class="invocations">
  <summary>
    <span class="label">Invocations</span>
    <span class="track" aria-hidden="true">
      ${shape.invocations.map((bar) => html`<i class="bar invocation" data-tone=${bar.failed ? "bad" : "active"} data-open=${bar.open} style=${place(bar)}></i>`)}
    </span>
    <span class="took">${shape.invocations.length}</span>
  </summary>
  <ol>${shape.invocations.map((bar) => html`<li>${invocationWords(bar)}</li>`)}</ol>
</details>`;

/** @param {import("./geometry.js").InvocationBar} bar */
function invocationWords({ number, ms, open, failed, replayed, ran }) {
  const parts = [
    `#${number}`,
    open ? `running for ${duration(ms)}` : duration(ms),
    replayed !== undefined && `replayed ${replayed}, ran ${ran ?? 0}`,
    failed && "failed",
  ];
  return parts.filter(Boolean).join(" · ");
}

/** @param {{row: Row, depth: number, board: Board}} props */
function Operation({ row, depth, board }) {
  const { operation, children } = row;
  const folded = board.folded.has(operation.id);
  const open = board.opened.has(operation.id);
  const label = operationState(row.state);
  const tries = operation.attempts?.length ?? 0;
  return html`<li class="operation" style=${{ "--depth": depth }}>
    <div class="row">
      ${children.length > 0 &&
      html`<button type="button" class="fold" aria-expanded=${!folded} aria-label=${`Operations inside ${row.name}`} onClick=${() => board.fold(operation.id)}></button>`}
      <button type="button" class="name" aria-expanded=${open} onClick=${() => board.open(operation.id)}>
        <${Kind} kind=${row.kind} /><span>${row.name}${" "}${tries > 1 && html`<small>${tries} attempts</small>`}</span>
      </button>
      <${Chip} label=${label} />
      <${Track} row=${row} tone=${label.tone} board=${board} />
      <${Took} row=${row} now=${board.now} />
    </div>
    ${open && html`<${Details} row=${row} now=${board.now} />`}
    ${children.length > 0 && !folded && html`<ol>${children.map((child) => html`<${Operation} key=${child.operation.id} row=${child} depth=${depth + 1} board=${board} />`)}</ol>`}
  </li>`;
}

/** @param {{row: Row, now: number}} props */
function Took({ row: { operation, state }, now }) {
  const known = operation.endedAt ? operation.endedAt !== operation.startedAt : state !== "ABANDONED";
  if (known) return html`<span class="took">${duration(elapsedOf(operation, now))}</span>`;
  return html`<span class="took" title="The history has one moment for its start and its end.">–</span>`;
}

/** @param {{kind: string}} props */
function Kind({ kind }) {
  const { icon, word } = operationKind(kind);
  return html`<span class="kind" title=${word}><span class="icon" aria-hidden="true">${icon}</span><span class="unseen">${word} </span></span>`;
}

/** @param {{row: Row, tone: string, board: Board}} props */
function Track({ row, board }) {
  const { operation, kind, state } = row;
  const { axis } = board.shape;
  const deadline = operation.deadline && !operation.endedAt ? axis(Date.parse(operation.deadline)) : null;
  return html`<span class="track" aria-hidden="true">
    ${bars(operation, state, axis, board.now).map(
      (bar) => html`<i class="bar" data-kind=${kind} data-tone=${operationState(bar.state).tone} data-open=${bar.open} style=${place(bar)}></i>`,
    )}
    ${deadline && html`<i class="deadline" style=${place({ from: deadline, to: deadline })}></i>`}
  </span>`;
}

/** @param {{row: Row, now: number}} props */
function Details({ row: { operation, kind, name, state }, now }) {
  const { deadline, attempts = [], error } = operation;
  const facts = [
    ["Kind", operationKind(kind).word],
    ["Name", operation.name === name ? null : operation.name],
    ["Began", moment(operation.startedAt)],
    ["Ended", operation.endedAt ? moment(operation.endedAt) : null],
    ["Waits until", deadline && !operation.endedAt ? `${moment(deadline)}, ${duration(Math.max(0, Date.parse(deadline) - now))} from now` : null],
    ["Error", error ? errorWords(error) : null],
    ["Input", operation.input],
    ["Result", operation.result],
    ["Left behind", state === "ABANDONED" ? "The execution went on without it, so it never ended." : null],
  ];
  return html`<div class="details">
    <dl>${facts.filter(([, value]) => value).map(([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>`)}</dl>
    ${attempts.length > 1 && html`<ol>${attempts.map((attempt, index) => html`<li>${attemptWords(attempt, index, attempts.length, now)}</li>`)}</ol>`}
  </div>`;
}

/** @param {any} error as the history has it: an object with type and message, or text */
const errorWords = (error) =>
  typeof error === "string" ? error : [error.type ?? error.errorType, error.message ?? error.errorMessage].filter(Boolean).join(": ");

/** @param {import("./history.js").Attempt} attempt @param {number} index @param {number} count @param {number} now */
function attemptWords(attempt, index, count, now) {
  const took = duration(Math.max(0, (attempt.endedAt ? Date.parse(attempt.endedAt) : now) - Date.parse(attempt.startedAt)));
  const again = attempt.nextAttemptAt && index === count - 1 ? `again at ${moment(attempt.nextAttemptAt)}` : "";
  return [`attempt ${index + 1} of ${count}`, took, attempt.error && errorWords(attempt.error), again].filter(Boolean).join(" · ");
}
