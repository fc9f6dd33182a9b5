// The lanes above and below the operations: what Lambda ran, and what people did.

import { counted, duration, moment } from "../format.js";
import { html } from "../ui.js";
import { eventWords } from "../words.js";
import { ticks } from "./geometry.js";

/** @typedef {import("./geometry.js").Geometry} Geometry */
/** @typedef {import("./geometry.js").InvocationBar} InvocationBar */
/** @typedef {import("./history.js").History} History */

const OPEN_UP_TO = 8;
const TICKED_UP_TO = 40;

/** Where a span lies, for the style sheet to work out: see geometry.js. @param {import("./geometry.js").Span} span */
export const place = ({ from, to }) => ({
  "--share": from.share,
  "--gaps": from.gaps,
  "--share-wide": to.share - from.share,
  "--gaps-wide": to.gaps - from.gaps,
});

/** @param {import("./geometry.js").Position} at */
export const spot = (at) => place({ from: at, to: at });

/** @param {{bar: InvocationBar}} props */
const Bar = ({ bar }) =>
  html`<i class="bar invocation" data-tone=${bar.error ? "bad" : "active"} data-open=${bar.open} style=${place(bar)}></i>`;

/** @param {{history: History, shape: Geometry, now: number}} props */
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

/** @param {{bar: InvocationBar, recovered: boolean}} props */
const Invocation = ({ bar, recovered }) => html`<span class="said">
  <span>${invocationWords(bar)}</span>${" "}
  ${recovered && html`<strong class="recovered"><span class="icon" aria-hidden="true">✓</span>recovered</strong>`}
  ${bar.error && html`<span class="error"><span class="icon" aria-hidden="true">✕</span>${bar.error}</span>`}
</span>`;

/** @param {InvocationBar} bar */
function invocationWords({ number, ms, open, error, replayed, ran }) {
  const parts = [
    `#${number}`,
    open ? `running for ${duration(ms)}` : duration(ms),
    replayed !== undefined && `replayed ${replayed}, ran ${ran ?? 0}`,
    error && "failed",
  ];
  return parts.filter(Boolean).join(" · ");
}

/** Hollow for what it found done, full for what it did. @param {{history: History, index: number, shape: Geometry, now: number}} props */
function Ticks({ history, index, shape, now }) {
  const invocation = history.invocations[index];
  if (!invocation) return null;
  const { replayed, ran } = ticks(history, invocation, shape.axis, now);
  return html`${replayed.map((at) => html`<i class="tick" data-done="before" style=${spot(at)}></i>`)}
    ${ran.map((at) => html`<i class="tick" data-done="now" style=${spot(at)}></i>`)}`;
}

/** @type {Record<string, string>} */
const DEEDS = { approved: "✓", rejected: "✕", withdrawn: "↩", submitted: "→" };

/** @param {{deeds: import("./people.js").Deed[], shape: Geometry}} props */
export const People = ({ deeds, shape }) => html`<div class="lane people">
  <div class="lane-head"><h3 class="label">People</h3><span class="took">${counted(deeds.length, "deed")}</span></div>
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
