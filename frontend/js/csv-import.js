// Taking the lines of an order from a file: what the file holds is shown first, and taken or not.

import { useEffect, useId, useRef, useState } from "../vendor/hooks.js";
import { MAX_BYTES, textOf } from "./csv-text.js";
import { parseCsv } from "./csv.js";
import { announce } from "./store.js";
import { Field } from "./field.js";
import { shortened } from "./quantity.js";
import { html } from "./ui.js";
import { counted } from "./words.js";

/** @typedef {import("./csv.js").Found} Found */
/** @typedef {{draft: import("./draft.js").Draft, replace: (change: (draft: import("./draft.js").Draft) => import("./draft.js").Draft) => void}} Sheet */

const SHOWN_MISTAKES = 10;
const READ_ERROR = "The file could not be read. Check that it is still there and that you may open it, then choose it again.";

/** @param {File} file @param {Iterable<string>} skus @returns {Promise<Found | {refusal: string}>} */
async function read(file, skus) {
  if (file.size > MAX_BYTES) return { refusal: `The file is larger than ${MAX_BYTES / 1_000_000} MB. Choose a file with SKUs and quantities only.` };
  const bytes = await file.arrayBuffer().catch(() => null);
  if (!bytes) return { refusal: READ_ERROR };
  const content = textOf(new Uint8Array(bytes));
  return "refusal" in content ? content : parseCsv(content.text, skus);
}

/** @param {{items: import("./draft.js").Item[], sheet: Sheet}} props */
export function View({ items, sheet: { draft, replace } }) {
  const [refusal, setRefusal] = useState("");
  const [preview, setPreview] = useState(/** @type {{name: string, found: Found} | null} */ (null));
  const form = useRef(/** @type {HTMLElement | null} */ (null));
  /** @param {any} event */
  async function chosen({ currentTarget: input }) {
    const file = input.files?.[0];
    if (!file) return;
    const found = await read(file, items.map(({ sku }) => sku));
    input.value = "";
    setRefusal("refusal" in found ? found.refusal : "");
    setPreview("refusal" in found ? null : { name: file.name, found });
    if ("refusal" in found) announce("The file cannot be used. The field says why.");
  }
  /** @param {string} message */
  const close = (message) => {
    setPreview(null);
    announce(message);
    form.current?.querySelector("input")?.focus();
  };
  /** @param {Found} found */
  const take = ({ lines, used }) => {
    replace((before) => ({ ...before, lines }));
    close(`${counted(used, "line")} taken from the file.`);
  };
  return html`<div class="field" ref=${form}>
    <${Field} label="Lines from a CSV file" hint="A SKU and a quantity in each line. A preview comes first." error=${refusal}>
      ${(/** @type {any} */ control) => html`<input ...${control} type="file" accept=".csv,.tsv,.txt,text/csv,text/plain" onChange=${chosen} />`}
    <//>
    ${preview && html`<${Preview} ...${preview} replaced=${draft.lines.length} take=${take} cancel=${() => close("The file was not used.")} />`}
  </div>`;
}

/** What a file holds. It takes the focus when it comes. @param {{name: string, found: Found, replaced: number, take: (found: Found) => void, cancel: () => void}} props */
function Preview({ name, found, replaced, take, cancel }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  const id = useId();
  useEffect(() => box.current?.focus(), [found]);
  const { count, used, lines, mistakes } = found;
  const more = mistakes.length - SHOWN_MISTAKES;
  return html`<div class="card" role="group" tabindex="-1" ref=${box} aria-labelledby=${id}>
    <p class="problem-title" id=${id}>${used.toLocaleString("en-IE")} of ${counted(count, "line")} can be used.</p>
    <p class="fine breakable"><bdi>${shortened(name)}</bdi></p>
    ${mistakes.length > 0 &&
    html`<ul class="mistakes breakable" aria-label="Lines that cannot be used">
      ${mistakes.slice(0, SHOWN_MISTAKES).map(({ number, detail }) => html`<li>Line ${number}: <bdi>${detail}</bdi></li>`)}
      ${more > 0 && html`<li>and ${counted(more, "more line")} that cannot be used.</li>`}
    </ul>`}
    ${used > lines.length && html`<p class="fine">Lines of the same SKU are added up: ${counted(lines.length, "line")} in the order.</p>`}
    ${used > 0 && replaced > 0 && html`<p class="fine">They replace the ${counted(replaced, "line")} on the sheet.</p>`}
    <p class="actions">
      ${used > 0 && html`<button type="button" class="primary" onClick=${() => take(found)}>Take ${counted(used, "line")}</button>`}
      <button type="button" onClick=${cancel}>Cancel</button>
    </p>
  </div>`;
}
