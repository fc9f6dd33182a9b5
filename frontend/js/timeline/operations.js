// The lane of operations: one row each, its attempts and waits as bars, its details behind its name.

import { useMemo, useRef, useState } from "../../vendor/hooks.js";
import { Chip, Countdown, html, later, useNow } from "../ui.js";
import { duration, moment, operationKind, operationState } from "../words.js";
import { steer, visibleLines } from "./history.js";
import { bars, elapsedOf, place, retries, spot } from "./geometry.js";

/** @typedef {{fold: (id: string) => void, open: (id: string) => void}} Acts */

const Details = later(() => import("./details.js"));
const WAITS = new Set(["wait", "callback"]);

/** Toggles membership without changing the set others hold. @param {Set<string>} set @param {string} id */
const toggled = (set, id) => new Set(set.has(id) ? [...set].filter((each) => each !== id) : [...set, id]);

/** @param {{rows: Timeline.Row[], narrow: Timeline.Narrowing | null, shape: Timeline.Geometry, notes: Map<string, Timeline.LevelNote>}} props */
export function Operations({ rows, narrow, shape, notes }) {
  const [folded, setFolded] = useState(() => /** @type {Set<string>} */ (new Set()));
  const [opened, setOpened] = useState(() => /** @type {Set<string>} */ (new Set()));
  const current = useRef("");
  const list = useRef(/** @type {HTMLElement | null} */ (null));
  const lines = useMemo(() => visibleLines(rows, narrow, folded), [rows, narrow, folded]);
  /** @type {Acts} */
  const acts = useMemo(() => ({
    fold: (id) => setFolded((before) => toggled(before, id)),
    open: (id) => {
      current.current = id;
      setOpened((before) => toggled(before, id));
    },
  }), []);
  const reachable = lines.some(({ row }) => row.operation.id === current.current) ? current.current : lines[0]?.row.operation.id;

  /** Moves the one stop of the Tab key by hand: to draw thousands of rows again for it would be felt. @param {KeyboardEvent} event */
  function onKeyDown(event) {
    const names = /** @type {HTMLElement[]} */ ([...(list.current?.querySelectorAll(".row > .name") ?? [])]);
    const from = names.findIndex((name) => name === document.activeElement);
    const step = steer(event.key, lines, from);
    if (!step) return undefined;
    event.preventDefault();
    if ("fold" in step) return acts.fold(step.fold);
    current.current = lines[step.go]?.row.operation.id ?? "";
    const target = names[step.go];
    if (!target) return undefined;
    for (const name of names) if (name.tabIndex === 0) name.tabIndex = -1;
    target.tabIndex = 0;
    target.focus();
    return target.scrollIntoView({ block: "nearest" });
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
          ${kindMark(row.kind)}<span>${row.name}${" "}${tries(row)}</span>
        </button>
        <${Chip} label=${label} />
        ${track(row, shape, note, () => acts.open(operation.id))}
        ${operation.endedAt ? took(operation) : html`<${Took} row=${row} note=${note} />`}
      </div>
      ${opened && html`<${Details} row=${row} note=${note} />`}
    </li>`;
  }, [row, depth, folded, shape, note, opened, reachable]);
}

/** @param {Timeline.Row} row */
function tries({ operation, state }) {
  const count = operation.attempts?.length ?? 0;
  if (count < 2 && state !== "PENDING") return null;
  return html`<small>${state === "PENDING" ? `attempt ${count} failed` : `${count} attempts`}</small>`;
}

/** How long it took. Where the history has one moment for its start and its end, nobody knows. @param {Timeline.Operation} operation */
const took = (operation) =>
  html`<span class="took">${operation.endedAt && operation.endedAt !== operation.startedAt ? duration(elapsedOf(operation, 0)) : "–"}</span>`;

/** While it waits for a known moment, how long that is away; else how long it has taken so far. @param {{row: Timeline.Row, note: Timeline.LevelNote | undefined}} props */
function Took({ row: { operation, state }, note }) {
  const until = state === "WAITING" ? (note?.deadline ?? operation.deadline) : null;
  const now = useNow(1000, state !== "ABANDONED" && !until);
  if (until) return html`<span class="took"><${Countdown} at=${until} /></span>`;
  if (state === "ABANDONED") return took(operation);
  return html`<span class="took">${duration(elapsedOf(operation, now))}</span>`;
}

/** @param {string} kind */
function kindMark(kind) {
  const { icon, word } = operationKind(kind);
  return html`<span class="kind" title=${word}><span class="icon" aria-hidden="true">${icon}</span><span class="unseen">${word} </span></span>`;
}

/** @param {Timeline.Row} row @param {Timeline.Geometry} shape @param {Timeline.LevelNote | undefined} note @param {() => void} open */
function track({ operation, kind, state }, { axis, at: present, now }, note, open) {
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
