// Draws a history in three lanes on one axis: invocations, operations, people.

import { useMemo, useRef, useState } from "../../vendor/hooks.js";
import { Chip, Loading, Problem, html, later, useNow } from "../ui.js";
import { counted, duration, eventWords, executionState, moment } from "../words.js";
import { geometry, place, spot, ticks } from "./geometry.js";
import { countRows, deedsOf, levelsOf, nudgesOf, tree } from "./history.js";
import { Operations } from "./operations.js";

const Filters = later(() => import("./filters.js"));
const LARGE = 1000;
const OPEN_UP_TO = 8;
const TICKED_UP_TO = 40;

/** @param {{history: Timeline.History | undefined, problem: Page.Problem | null, entries: Timeline.Entry[], levels: any[], raw: string}} props */
export function Timeline({ history, problem, entries, levels, raw }) {
  return html`<section aria-labelledby="timeline" class="timeline">
    <div class="topline"><h2 id="timeline">Execution timeline</h2>${history && html`<a href=${raw}>Raw history</a>`}</div>
    ${problem && problem.status !== 404 && html`<${Problem} problem=${problem} retry />`}
    ${history
      ? html`<${Drawing} history=${history} entries=${entries} levels=${levels} />`
      : !problem && html`<${Loading} what="the execution" />`}
    ${!history && problem?.status === 404 && html`<p class="empty">The execution is about to begin.</p>`}
  </section>`;
}

/** @param {{history: Timeline.History, entries: Timeline.Entry[], levels: any[]}} props */
function Drawing({ history, entries, levels }) {
  const running = history.status === "RUNNING";
  const now = useNow(history.operations.length > LARGE ? 5000 : 1000, running);
  const [linear, setLinear] = useState(false);
  const [narrow, setNarrow] = useState(/** @type {Timeline.Narrowing | null} */ (null));
  const [asked, setAsked] = useState(false);
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
    <details class="filter" onToggle=${() => setAsked(true)}>
      <summary>Filter${narrow && html`<strong> is on</strong>`}</summary>
      ${asked && html`<${Filters} rows=${rows} change=${setNarrow} />`}
    </details>
    <div class="board" style=${{ "--gap-count": shape.gapCount }}>
      <${Backdrop} shape=${fresh} />
      <${Invocations} history=${history} shape=${shape} now=${now} />
      <${Operations} rows=${rows} narrow=${narrow} shape=${shape} notes=${notes} />
      <${People} deeds=${deeds} shape=${shape} />
    </div>`;
}

/** Deadlines of the past say nothing about what is to come. @param {Timeline.LevelNote} note */
const momentsOf = ({ deadline, nudges }) => [...(deadline ? [deadline] : []), ...nudges.map(({ at }) => at)];

/** What the order and its audit know of each approval, by the id of its operation. @param {Timeline.History} history @param {Timeline.Entry[]} entries @param {any[]} levels */
function levelNotes(history, entries, levels) {
  const nudges = nudgesOf(entries);
  /** @type {Map<string, Timeline.LevelNote>} */
  const notes = new Map();
  for (const [id, level] of levelsOf(history.operations)) {
    const open = history.status === "RUNNING" && levels[level - 1]?.outcome === "open";
    notes.set(id, { deadline: open ? levels[level - 1].deadline : null, nudges: nudges.filter((each) => each.level === level) });
  }
  return notes;
}

/** The shape drawn last, as long as nothing would move: a clock that ticks draws no row again. @param {Timeline.Geometry} fresh @param {Timeline.History} history */
function useSteady(fresh, history) {
  const drawn = useRef({ shape: fresh, history });
  if (drawn.current.history !== history || drawn.current.shape.scale !== fresh.scale) drawn.current = { shape: fresh, history };
  return drawn.current.shape;
}

/** @param {Timeline.History} history @param {Timeline.Geometry} shape @param {number} operations */
function headline(history, shape, operations) {
  const spent = `${duration(shape.computed)} of compute in ${duration(shape.elapsed)}`;
  return `${spent}, ${counted(history.invocations.length, "invocation")}, ${counted(operations, "operation")}`;
}

/** What is cut out, and where the present is. @param {{shape: Timeline.Geometry}} props */
const Backdrop = ({ shape }) => html`<div class="backdrop" aria-hidden="true">
  ${shape.silences.map(
    (silence) => html`<i class="silence" data-ahead=${silence.ahead} style=${place(silence)}><b>${silence.ahead && "in "}${duration(silence.ms)}</b></i>`,
  )}
  ${shape.now && html`<i class="present" style=${place({ from: shape.now, to: shape.now })}></i>`}
</div>`;

/** @param {{bar: Timeline.InvocationBar}} props */
const Bar = ({ bar }) =>
  html`<i class="bar invocation" data-tone=${bar.error ? "bad" : "active"} data-open=${bar.open} style=${place(bar)}></i>`;

/** @param {{history: Timeline.History, shape: Timeline.Geometry, now: number}} props */
export function Invocations({ history, shape, now }) {
  const { invocations } = shape;
  const failed = invocations.filter(({ error }) => error).length;
  return html`<details class="lane invocations" open=${invocations.length <= OPEN_UP_TO || failed > 0}>
    <summary>
      <h3 class="label">Invocations</h3>
      <span class="track" aria-hidden="true">${invocations.map((bar) => html`<${Bar} bar=${bar} />`)}</span>
      <span class="took">${failed > 0 && html`<span class="error">${failed} failed</span> of `}${invocations.length}</span>
    </summary>
    <ol aria-label="Invocations">
      ${invocations.map((bar, index) => html`<li key=${bar.number} data-failed=${Boolean(bar.error)}>
        <${Invocation} bar=${bar} recovered=${Boolean(!bar.error && !bar.open && invocations[index - 1]?.error)} />
        <span class="track" aria-hidden="true">
          <${Bar} bar=${bar} />${invocations.length <= TICKED_UP_TO && html`<${Ticks} history=${history} index=${index} shape=${shape} now=${now} />`}
        </span>
      </li>`)}
    </ol>
  </details>`;
}

/** @param {{bar: Timeline.InvocationBar, recovered: boolean}} props */
const Invocation = ({ bar, recovered }) => html`<span class="said">
  <span>${invocationWords(bar)}</span>${" "}
  ${recovered && html`<strong class="recovered"><span class="icon" aria-hidden="true">✓</span>recovered</strong>`}
  ${bar.error && html`<span class="error"><span class="icon" aria-hidden="true">✕</span>${bar.error}</span>`}
</span>`;

/** @param {Timeline.InvocationBar} bar */
function invocationWords({ number, ms, open, error, replayed, ran }) {
  const parts = [
    `#${number}`,
    open ? `running for ${duration(ms)}` : duration(ms),
    replayed !== undefined && `replayed ${replayed}, ran ${ran ?? 0}`,
    error && "failed",
  ];
  return parts.filter(Boolean).join(" · ");
}

/** Hollow for what it found done, full for what it did. @param {{history: Timeline.History, index: number, shape: Timeline.Geometry, now: number}} props */
function Ticks({ history, index, shape, now }) {
  const invocation = history.invocations[index];
  if (!invocation) return null;
  const { replayed, ran } = ticks(history, invocation, shape.axis, now);
  return html`${replayed.map((at) => html`<i class="tick" data-done="before" style=${spot(at)}></i>`)}
    ${ran.map((at) => html`<i class="tick" data-done="now" style=${spot(at)}></i>`)}`;
}

/** @type {Record<string, string>} */
const DEEDS = { approved: "✓", rejected: "✕", withdrawn: "↩", submitted: "→" };

/** @param {{deeds: Timeline.Deed[], shape: Timeline.Geometry}} props */
export const People = ({ deeds, shape }) => html`<div class="lane people">
  <div class="lane-head"><h3 class="label">People</h3></div>
  <ol aria-label="People">
    ${deeds.map(({ at, actor, event, reason }) => html`<li key=${`${at} ${actor} ${event}`}>
      <span class="said"><strong>${actor}</strong> ${eventWords(event)} ${reason && html`<q>${reason}</q>`}</span>
      <span class="track" aria-hidden="true">
        <i class="deed" data-event=${event} style=${spot(shape.axis(Date.parse(at)))}><b>${DEEDS[event] ?? "●"}</b></i>
      </span>
      <time class="took" dateTime=${at} title=${moment(at)}>${moment(at).split(", ").at(-1)}</time>
    </li>`)}
  </ol>
</div>`;
