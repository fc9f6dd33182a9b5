// The controls that narrow the timeline down.

import { html } from "../ui.js";
import { KINDS, operationKind } from "../words.js";
import { EVERYTHING, isNarrowed } from "./history.js";

/** @param {{rows: Timeline.Row[], filter: Timeline.Filter, change: (filter: Timeline.Filter) => void}} props */
export function View({ rows, filter, change }) {
  /** @param {keyof Timeline.Filter} name */
  const set = (name) => (/** @type {any} */ event) => change({ ...filter, [name]: event.currentTarget.value });
  const groups = rows.filter(({ children }) => children.length > 0);
  return html`<form onSubmit=${(/** @type {Event} */ event) => event.preventDefault()} aria-label="Operations to show">
    <label class="inline"><span>Name</span><input type="search" value=${filter.text} onInput=${set("text")} /></label>
    <label class="inline"><span>Show</span>
      <select value=${filter.show} onChange=${set("show")}>
        <option value="everything">everything</option><option value="failed">failed</option><option value="waiting">waiting</option>
      </select>
    </label>
    <label class="inline"><span>Kind</span>
      <select value=${filter.kind} onChange=${set("kind")}>
        <option value="">any</option>${KINDS.map((kind) => html`<option value=${kind}>${operationKind(kind).word}</option>`)}
      </select>
    </label>
    <label class="inline"><span>Inside</span>
      <select value=${filter.inside} onChange=${set("inside")}>
        <option value="">anything</option>${groups.map(({ operation, name }) => html`<option value=${operation.id}>${name}</option>`)}
      </select>
    </label>
    ${isNarrowed(filter) && html`<button type="button" class="link" onClick=${() => change(EVERYTHING)}>Show all</button>`}
  </form>`;
}
