// Draws a history in three lanes on one axis: invocations, operations, people.

import { useMemo, useRef, useState } from "../../vendor/hooks.js";
import { counted, duration } from "../format.js";
import { Chip, Loading, Problem, html, useNow } from "../ui.js";
import { executionState, operationKind } from "../words.js";
import { EVERYTHING, isNarrowed, kindsIn } from "./filter.js";
import { geometry } from "./geometry.js";
import { countRows, tree } from "./history.js";
import { Invocations, People, place } from "./lanes.js";
import { Operations } from "./operations.js";
import { deedsOf, levelsOf, nudgesOf } from "./people.js";

/** @typedef {import("./history.js").History} History */
/** @typedef {import("./history.js").Row} Row */
/** @typedef {import("./geometry.js").Geometry} Geometry */
/** @typedef {import("./people.js").Entry} Entry */
/** @typedef {{deadline: string | null, nudges: import("./people.js").Nudge[]}} LevelNote what is known of a level beside its operations */

const LARGE = 1000;

/** @param {{history: History | undefined, problem: import("../problems.js").Problem | null, entries: Entry[], levels: any[]}} props */
export function Timeline({ history, problem, entries, levels }) {
  return html`<section aria-labelledby="timeline" class="timeline">
    <h2 id="timeline">Execution timeline</h2>
    ${problem && problem.status !== 404 && html`<${Problem} problem=${problem} retry />`}
    ${history
      ? html`<${Drawing} history=${history} entries=${entries} levels=${levels} />`
      : !problem && html`<${Loading} what="the execution" />`}
    ${!history && problem?.status === 404 && html`<p class="empty">The execution is about to begin.</p>`}
  </section>`;
}

/** @param {{history: History, entries: Entry[], levels: any[]}} props */
function Drawing({ history, entries, levels }) {
  const running = history.status === "RUNNING";
  const now = useNow(history.operations.length > LARGE ? 5000 : 1000, running);
  const [linear, setLinear] = useState(false);
  const [filter, setFilter] = useState(EVERYTHING);
  const rows = useMemo(() => tree(history), [history]);
  const deeds = useMemo(() => deedsOf(entries), [entries]);
  const notes = useMemo(() => levelNotes(history, entries, levels), [history, entries, levels]);
  const moments = [...deeds.map(({ at }) => at), ...[...notes.values()].flatMap(momentsOf)];
  const fresh = geometry(history, now, { linear, moments });
  const shape = useSteady(fresh, history);
  return html`<div class="topline">
      <p><${Chip} label=${executionState(history.status)} /> ${headline(history, fresh, countRows(rows))}</p>
      <label class="inline"><input type="checkbox" checked=${linear} onChange=${() => setLinear(!linear)} /><span>Show waits at full length</span></label>
    </div>
    <${Filters} rows=${rows} filter=${filter} change=${setFilter} />
    <div class="board" style=${{ "--gap-count": shape.gapCount }}>
      <${Backdrop} shape=${fresh} />
      <${Invocations} history=${history} shape=${shape} now=${now} />
      <${Operations} rows=${rows} filter=${filter} shape=${shape} notes=${notes} />
      <${People} deeds=${deeds} shape=${shape} />
    </div>`;
}

/** Deadlines of the past say nothing about what is to come. @param {LevelNote} note */
const momentsOf = ({ deadline, nudges }) => [...(deadline ? [deadline] : []), ...nudges.map(({ at }) => at)];

/**
 * What the order and its audit know of each approval, by the id of its operation.
 * @param {History} history
 * @param {Entry[]} entries
 * @param {any[]} levels
 * @returns {Map<string, LevelNote>}
 */
function levelNotes(history, entries, levels) {
  const nudges = nudgesOf(entries);
  const found = [...levelsOf(history.operations)].map(([id, level]) => {
    const open = history.status === "RUNNING" && levels[level - 1]?.outcome === "open";
    const deadline = open ? levels[level - 1].deadline : null;
    return /** @type {[string, LevelNote]} */ ([id, { deadline, nudges: nudges.filter((each) => each.level === level) }]);
  });
  return new Map(found);
}

/** The shape drawn last, as long as nothing would move: a clock that ticks draws no row again. @param {Geometry} fresh @param {History} history */
function useSteady(fresh, history) {
  const drawn = useRef({ shape: fresh, history });
  if (drawn.current.history !== history || drawn.current.shape.scale !== fresh.scale) drawn.current = { shape: fresh, history };
  return drawn.current.shape;
}

/** @param {History} history @param {Geometry} shape @param {number} operations */
function headline(history, shape, operations) {
  const spent = `${duration(shape.computed)} of compute in ${duration(shape.elapsed)}`;
  return `${spent}, ${counted(history.invocations.length, "invocation")}, ${counted(operations, "operation")}`;
}

/** What is cut out, and where the present is. @param {{shape: Geometry}} props */
const Backdrop = ({ shape }) => html`<div class="backdrop" aria-hidden="true">
  ${shape.silences.map(
    (silence) => html`<i class="silence" data-ahead=${silence.ahead} style=${place(silence)}><b>${silence.ahead && "in "}${duration(silence.ms)}</b></i>`,
  )}
  ${shape.now && html`<i class="present" style=${place({ from: shape.now, to: shape.now })}></i>`}
</div>`;

/** @param {{rows: Row[], filter: import("./filter.js").Filter, change: (filter: import("./filter.js").Filter) => void}} props */
function Filters({ rows, filter, change }) {
  /** @param {keyof import("./filter.js").Filter} name */
  const set = (name) => (/** @type {any} */ event) => change({ ...filter, [name]: event.currentTarget.value });
  const groups = rows.filter(({ children }) => children.length > 0);
  return html`<details class="filter">
    <summary>Filter${isNarrowed(filter) && html`<strong> is on</strong>`}</summary>
    <form onSubmit=${(/** @type {Event} */ event) => event.preventDefault()} aria-label="Operations to show">
      <label class="inline"><span>Name</span><input type="search" value=${filter.text} onInput=${set("text")} /></label>
      <label class="inline"><span>Show</span>
        <select value=${filter.show} onChange=${set("show")}>
          <option value="everything">everything</option><option value="failed">failed</option><option value="waiting">waiting</option>
        </select>
      </label>
      <label class="inline"><span>Kind</span>
        <select value=${filter.kind} onChange=${set("kind")}>
          <option value="">any</option>${kindsIn(rows).map((kind) => html`<option value=${kind}>${operationKind(kind).word}</option>`)}
        </select>
      </label>
      <label class="inline"><span>Inside</span>
        <select value=${filter.inside} onChange=${set("inside")}>
          <option value="">anything</option>${groups.map(({ operation, name }) => html`<option value=${operation.id}>${name}</option>`)}
        </select>
      </label>
      ${isNarrowed(filter) && html`<button type="button" class="link" onClick=${() => change(EVERYTHING)}>Show all</button>`}
    </form>
  </details>`;
}
