// The lane of operations: one row each, its attempts and waits as bars, its details behind its name.

import { useMemo, useRef, useState } from "../../vendor/hooks.js";
import { duration, moment } from "../format.js";
import { Chip, Countdown, html, later, useNow } from "../ui.js";
import { operationKind, operationState } from "../words.js";
import { steer, visibleLines } from "./history.js";
import { bars, elapsedOf, place, retries, spot } from "./geometry.js";

/** @typedef {{fold: (id: string) => void, open: (id: string) => void}} Acts */

const Details = later(() => import("./details.js"));
const WAITS = new Set(["wait", "callback"]);

/** Toggles membership without changing the set others hold. @param {Set<string>} set @param {string} id */
const toggled = (set, id) => new Set(set.has(id) ? [...set].filter((each) => each !== id) : [...set, id]);

/** @param {{rows: Timeline.Row[], filter: Timeline.Filter, shape: Timeline.Geometry, notes: Map<string, Timeline.LevelNote>}} props */
export function Operations({ rows, filter, shape, notes }) {
  const [folded, setFolded] = useState(() => /** @type {Set<string>} */ (new Set()));
  const [opened, setOpened] = useState(() => /** @type {Set<string>} */ (new Set()));
  const [current, setCurrent] = useState("");
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const lines = useMemo(() => visibleLines(rows, filter, folded), [rows, filter, folded]);
  /** @type {Acts} */
  const acts = useMemo(() => ({
    fold: (id) => setFolded((before) => toggled(before, id)),
    open: (id) => {
      setCurrent(id);
      setOpened((before) => toggled(before, id));
    },
  }), []);
  const reachable = lines.some(({ row }) => row.operation.id === current) ? current : lines[0]?.row.operation.id;

  /** @param {KeyboardEvent} event */
  function onKeyDown(event) {
    const names = [...(list.current?.querySelectorAll(".row > .name") ?? [])];
    const step = steer(event.key, lines, names.indexOf(/** @type {Element} */ (document.activeElement)));
    if (!step) return;
    event.preventDefault();
    if ("fold" in step) return acts.fold(step.fold);
    setCurrent(lines[step.go]?.row.operation.id ?? "");
    const target = /** @type {HTMLElement | undefined} */ (names[step.go]);
    target?.focus();
    target?.scrollIntoView({ block: "nearest" });
  }

  return html`<div class="lane">
    <div class="lane-head">
      <h3 class="label">Operations</h3>
      <p class="fine keys">Arrow keys move and fold, Enter opens</p>
    </div>
    ${lines.length === 0 && html`<p class="empty">No operation fits the filter.</p>`}
    <ol class="operations" aria-label="Operations" ref=${list} onKeyDown=${onKeyDown}>
      ${lines.map(({ row, depth, folded: shut }) => html`<${Operation} key=${row.operation.id} row=${row} depth=${depth} folded=${shut} shape=${shape}
        note=${notes.get(row.operation.id)} opened=${opened.has(row.operation.id)} reachable=${row.operation.id === reachable} acts=${acts} />`)}
    </ol>
  </div>`;
}

/**
 * One row. What it draws is made again only when something it shows has changed: there may be thousands.
 * @param {{row: Timeline.Row, depth: number, folded: boolean, shape: Timeline.Geometry, note: Timeline.LevelNote | undefined, opened: boolean, reachable: boolean, acts: Acts}} props
 */
function Operation({ row, depth, folded, shape, note, opened, reachable, acts }) {
  return useMemo(() => {
    const { operation, children } = row;
    const label = operationState(row.state);
    return html`<li class="operation" aria-level=${depth + 1} data-state=${row.state} style=${{ "--depth": depth }}>
      <div class="row">
        ${children.length > 0 &&
        html`<button type="button" class="fold" tabindex="-1" aria-expanded=${!folded} aria-label=${`Operations inside ${row.name}`} onClick=${() => acts.fold(operation.id)}></button>`}
        <button type="button" class="name" tabindex=${reachable ? 0 : -1} aria-expanded=${opened} onClick=${() => acts.open(operation.id)}>
          <${Kind} kind=${row.kind} /><span>${row.name}${" "}<${Tries} row=${row} /></span>
        </button>
        <${Chip} label=${label} />
        <${Track} row=${row} shape=${shape} note=${note} open=${() => acts.open(operation.id)} />
        <${Took} row=${row} note=${note} />
      </div>
      ${opened && html`<${Details} row=${row} note=${note} />`}
    </li>`;
  }, [row, depth, folded, shape, note, opened, reachable]);
}

/** @param {{row: Timeline.Row}} props */
function Tries({ row: { operation, state } }) {
  const count = operation.attempts?.length ?? 0;
  if (count < 2 && state !== "PENDING") return null;
  return html`<small>${state === "PENDING" ? `attempt ${count} failed` : `${count} attempts`}</small>`;
}

/** How long it took; while it waits for a known moment, how long that is away. @param {{row: Timeline.Row, note: Timeline.LevelNote | undefined}} props */
function Took({ row: { operation, state }, note }) {
  const until = state === "WAITING" ? (note?.deadline ?? operation.deadline) : null;
  const running = !operation.endedAt && state !== "ABANDONED";
  const now = useNow(1000, running && !until);
  if (until) return html`<span class="took"><${Countdown} at=${until} /></span>`;
  const known = operation.endedAt ? operation.endedAt !== operation.startedAt : running;
  if (known) return html`<span class="took">${duration(elapsedOf(operation, now))}</span>`;
  return html`<span class="took" title="The history has one moment for its start and its end.">–</span>`;
}

/** @param {{kind: string}} props */
function Kind({ kind }) {
  const { icon, word } = operationKind(kind);
  return html`<span class="kind" title=${word}><span class="icon" aria-hidden="true">${icon}</span><span class="unseen">${word} </span></span>`;
}

/** @param {{row: Timeline.Row, shape: Timeline.Geometry, note: Timeline.LevelNote | undefined, open: () => void}} props */
function Track({ row: { operation, kind, state }, shape: { axis, at: present, now }, note, open }) {
  const until = note?.deadline ?? (operation.endedAt || state === "ABANDONED" ? null : operation.deadline);
  const ahead = until && now && { from: now, to: axis(Date.parse(until)) };
  return html`<span class="track" aria-hidden="true" onClick=${open}>
    ${ahead && WAITS.has(kind) && html`<i class="bar" data-kind=${kind} data-tone="waiting" data-ahead="true" style=${place(ahead)}></i>`}
    ${retries(operation, axis).map((gap) => html`<i class="retry" title=${`retry in ${duration(gap.ms)}`} style=${place(gap)}><b>retry in ${duration(gap.ms)}</b></i>`)}
    ${bars(operation, state, axis, present).map(
      (bar) => html`<i class="bar" data-kind=${kind} data-state=${bar.state} data-tone=${operationState(bar.state).tone} data-open=${bar.open} style=${place(bar)}></i>`,
    )}
    ${note?.nudges.map(({ at, event }) => html`<i class="nudge" title=${`${event} ${moment(at)}`} style=${spot(axis(Date.parse(at)))}></i>`)}
    ${ahead && html`<i class="deadline" title=${`until ${moment(/** @type {string} */ (until))}`} style=${spot(ahead.to)}></i>`}
  </span>`;
}
