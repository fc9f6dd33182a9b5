// The history of an execution as the server tells it: to be read, copied, and kept as a file.

import { useEffect, useState } from "../../vendor/hooks.js";
import { shortId } from "../format.js";
import { groups, useResource } from "../live.js";
import { orderLink } from "../route.js";
import { saveJson } from "../save.js";
import { announce } from "../store.js";
import { Shown, Title, html } from "../ui.js";

const OPEN_UP_TO = 12;

/** @param {{route: Page.Route}} props */
export function View({ route: { orderId } }) {
  const path = `/orders/${encodeURIComponent(orderId)}/execution`;
  return html`<${Title} title=${`History ${shortId(orderId)}`}>History of <code>${shortId(orderId)}</code><//>
    <p><a href=${orderLink(orderId)}>Back to the order</a></p>
    <${Shown} resource=${useResource(path)} what="the history">
      ${(/** @type {any} */ data) => html`<${Raw} orderId=${orderId} data=${data} />`}
    <//>`;
}

/** @param {{orderId: string, data: any}} props */
function Raw({ orderId, data }) {
  const copy = async () => {
    await navigator.clipboard.writeText(JSON.stringify(data, null, 2)).then(
      () => announce("Copied."),
      () => announce("This browser does not let the page copy. Save it instead."),
    );
  };
  return html`<div class="actions">
      <button type="button" onClick=${copy}>Copy</button>
      <button type="button" onClick=${() => saveJson(`${orderId}-history.json`, data)}>Save as JSON</button>
    </div>
    ${!groups().includes("auditors") && html`<p class="fine">Inputs and results are in it for auditors only.</p>`}
    <div class="tree"><${Value} name="execution" value=${data} open /></div>`;
}

/** One value; what is inside is made when it is opened, since a history can be long. @param {{name: string, value: any, open?: boolean}} props */
function Value({ name, value, open = false }) {
  const [shown, setShown] = useState(open);
  useEffect(() => setShown(open), [open]);
  if (value === null || typeof value !== "object") return html`<p><span class="key">${name}</span> <span data-type=${typeof value}>${JSON.stringify(value)}</span></p>`;
  const entries = Object.entries(value);
  const size = Array.isArray(value) ? `[${entries.length}]` : `{${entries.length}}`;
  return html`<details open=${shown} onToggle=${(/** @type {any} */ event) => setShown(event.currentTarget.open)}>
    <summary><span class="key">${name}</span> <span class="fine">${size}${Array.isArray(value) ? "" : ` ${summaryOf(value)}`}</span></summary>
    ${shown && entries.map(([key, inner]) => html`<${Value} key=${key} name=${key} value=${inner} open=${open && entries.length <= OPEN_UP_TO && Array.isArray(inner) && inner.length <= OPEN_UP_TO} />`)}
  </details>`;
}

/** What a closed object is about. @param {any} value */
const summaryOf = ({ name, type, status }) => [name, type, status].filter((each) => typeof each === "string").join(" · ");
