// Taking the lines of an order from a file.

import { useState } from "../vendor/hooks.js";
import { parseCsv } from "./csv.js";
import { announce } from "./store.js";
import { Field } from "./field.js";
import { html } from "./ui.js";
import { counted } from "./words.js";

const MISTAKES_SHOWN = 5;

/** @param {{items: import("./draft.js").Item[], change: (change: (draft: import("./draft.js").Draft) => import("./draft.js").Draft) => void}} props */
export function View({ items, change }) {
  const [mistakes, setMistakes] = useState(/** @type {import("./csv.js").Mistake[]} */ ([]));
  /** @param {any} event */
  async function chosen({ currentTarget: input }) {
    const file = input.files?.[0];
    if (!file) return;
    const found = parseCsv(await file.text(), new Set(items.map(({ sku }) => sku)));
    input.value = "";
    setMistakes(found.mistakes);
    if (found.lines.length > 0) change((draft) => ({ ...draft, lines: found.lines }));
    announce(`${counted(found.lines.length, "line")} taken from ${file.name}.`);
  }
  const error = mistakes.slice(0, MISTAKES_SHOWN).map(({ number, detail }) => `line ${number}: ${detail}`).join("; ");
  const more = mistakes.length > MISTAKES_SHOWN ? `; and ${mistakes.length - MISTAKES_SHOWN} more` : "";
  return html`<${Field} label="Lines from a CSV file" hint="sku,quantity, one a line: takes the place of the lines above." error=${error && `Left out ${error}${more}.`}>
    ${(/** @type {any} */ control) => html`<input ...${control} type="file" accept=".csv,text/csv,text/plain" onChange=${chosen} />`}
  <//>`;
}
