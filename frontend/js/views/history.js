// The history of an execution as the server tells it: to be read, copied, and kept as a file.

import { useEffect, useState } from "../../vendor/hooks.js";
import { useResource } from "../live.js";
import { orderLink } from "../route.js";
import { announce } from "../store.js";
import { Shown, Title, html } from "../ui.js";
import { shortId } from "../words.js";

const OPEN_UP_TO = 12;

/** @param {{route: Page.Route}} props */
export function View({ route: { orderId } }) {
  const path = `/orders/${encodeURIComponent(orderId)}/execution`;
  return html`<div class="topline"><${Title} title=${`History ${shortId(orderId)}`}>History of <code>${shortId(orderId)}</code><//>
      <a href=${orderLink(orderId)}>Back to the order</a></div>
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
  /** With its payloads it can be run again: then the file has the events as well, which a replay reads. */
  const whole = Boolean(data.input);
  const save = async () => {
    const [{ saveJson }, { eventsOf }] = await Promise.all([import("../save.js"), import("../events.js")]);
    saveJson(`${orderId}-history.json`, whole ? { ...data, Events: eventsOf(orderId, data) } : data);
  };
  return html`<div class="actions">
      <button type="button" onClick=${copy}>Copy</button>
      <button type="button" onClick=${save}>Save as JSON</button>
    </div>
    <p class="fine breakable">${whole
      ? html`Does today's workflow code still find its way through it? Save it, and ask <code>.venv/bin/python -m local replay ${orderId}-history.json</code>.`
      : "Inputs and results are in it for auditors only."}</p>
    <div class="tree"><${Value} name="execution" value=${data} open /></div>`;
}

/** One value; what is inside is made when it is opened, since a history can be long. @param {{name: string, value: any, open?: boolean}} props */
function Value({ name, value: given, open = false }) {
  const value = unpacked(given);
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
const summaryOf = ({ name, type, status, requestId }) => [name, type, status, requestId].filter((each) => typeof each === "string").join(" · ");

/** What is inside of a text that is JSON itself, as payloads are. @param {any} value */
function unpacked(value) {
  try {
    return typeof value === "string" && /^[{[]/.test(value) ? JSON.parse(value) : value;
  } catch {
    return value;
  }
}
