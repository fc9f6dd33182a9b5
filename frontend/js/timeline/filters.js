// The controls that narrow the timeline down.

import { useState } from "../../vendor/hooks.js";
import { html } from "../ui.js";
import { KINDS, operationKind } from "../words.js";
import { EVERYTHING, narrowing } from "./narrow.js";

/** @param {{rows: Timeline.Row[], change: (narrow: Timeline.Narrowing | null) => void}} props */
export function View({ rows, change }) {
  const [filter, setFilter] = useState(EVERYTHING);
  /** @param {Timeline.Filter} wanted */
  const take = (wanted) => {
    setFilter(wanted);
    change(narrowing(wanted));
  };
  /** @param {keyof Timeline.Filter} name */
  const set = (name) => (/** @type {any} */ event) => take({ ...filter, [name]: event.currentTarget.value });
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
    ${narrowing(filter) && html`<button type="button" class="link" onClick=${() => take(EVERYTHING)}>Show all</button>`}
  </form>`;
}
