// Placing an order: examples, the catalogue, and the order as a sheet that shows its total and who must sign.

import { useMemo, useState } from "../../vendor/hooks.js";
import { act } from "../act.js";
import {
  EMPTY,
  addLine,
  approvalPreview,
  bringBack,
  examples,
  openErrors,
  parseDraft,
  quantityErrors,
  removeLine,
  replaceDraft,
  searchCatalogue,
  submission,
  tieErrors,
  total,
  typeQuantity,
  typedQuantity,
} from "../draft.js";
import { groups, useResource } from "../live.js";
import { problemBehind, problemOf } from "../problems.js";
import { readQuantity } from "../quantity.js";
import { fieldError } from "../refusals.js";
import { orderLink } from "../route.js";
import { announce, remember, useStore } from "../store.js";
import { Field } from "../field.js";
import { Problem, Shown, Title, html, later } from "../ui.js";
import { counted, money, signers } from "../words.js";

/** @typedef {import("../draft.js").Draft} Draft */
/** @typedef {import("../draft.js").Item} Item */
/** @typedef {import("../draft.js").Policy} Policy */
/** @typedef {import("../draft.js").Line} Line */
/** @typedef {import("../draft.js").Sheet} SheetState */
/** @typedef {import("../draft.js").FieldError} FieldError */
/** @typedef {(change: (draft: Draft) => Draft) => void} Change */
/** @typedef {SheetState & {change: Change, replace: Change, restore: () => void, clear: () => void}} Sheet */

const CsvImport = later(() => import("../csv-import.js"));
const PLACE = "countersign.draft";
const SHOWN_GOODS = 8;
const LINES_AT_ONCE = 50;
const SHOWN_ERRORS = 20;

/**
 * The sheet of this tab: a reload keeps its draft, another tab has its own.
 * `replace` keeps what it replaces, for `restore`.
 * @returns {Sheet}
 */
function useSheet() {
  const [sheet, setSheet] = useState(/** @returns {SheetState} */ () => blank(parseDraft(sessionStorage.getItem(PLACE))));
  /** @param {(sheet: SheetState) => SheetState} step */
  const take = (step) =>
    setSheet((before) => {
      const after = step(before);
      sessionStorage.setItem(PLACE, JSON.stringify(after.draft));
      return after;
    });
  return {
    ...sheet,
    change: (edit) => take((before) => ({ ...before, draft: edit(before.draft) })),
    replace: (edit) => take((before) => replaceDraft(before, edit(before.draft))),
    restore: () => take(bringBack),
    clear: () => take(() => blank(EMPTY)),
  };
}

/** @param {Draft} draft @returns {SheetState} */
const blank = (draft) => ({ draft, earlier: null, filled: null });

export function View() {
  const catalogue = useResource("/catalogue", Infinity);
  const policy = useResource("/policy", Infinity);
  const who = useStore((state) => state.who);
  if (!groups().includes("requesters")) return html`<${Title} title="New order" /><${NotForYou} who=${who} />`;
  return html`<${Title} title="New order" />
    <${Shown} resource=${policy.data ? catalogue : policy} what="the catalogue">
      ${() => catalogue.data && html`<${Desk} items=${catalogue.data.items} policy=${policy.data} />`}
    <//>`;
}

/** @param {{who: string}} props */
const NotForYou = ({ who }) => html`<div class="empty hero">
  <p class="hero-line">Orders are placed by requesters.</p>
  <p>${who} is none. What was typed here is kept for whoever is.</p>
</div>`;

/** @param {{items: Item[], policy: Policy}} props */
function Desk({ items, policy }) {
  const sheet = useSheet();
  return html`<${Examples} items=${items} policy=${policy} replace=${sheet.replace} />
    <div class="desk">
      <${Catalogue} items=${items} currency=${policy.currency} sheet=${sheet} />
      <${OrderSheet} sheet=${sheet} items=${items} policy=${policy} />
    </div>`;
}

/** @param {{items: Item[], policy: Policy, replace: Change}} props */
function Examples({ items, policy, replace }) {
  const all = useMemo(() => examples(items, policy), [items, policy]);
  /** @param {import("../draft.js").Example} example @param {MouseEvent} event */
  const take = ({ title, draft }, event) => {
    replace(() => draft);
    announce(`Example filled in: ${title}.`);
    focusSheet(event);
  };
  return html`<section aria-labelledby="examples" class="examples">
    <h2 id="examples">Start from an example</h2>
    <ul>
      ${all.map(
        (example) => html`<li>
          <button type="button" onClick=${(/** @type {MouseEvent} */ event) => take(example, event)}>
            <strong>${example.title}</strong>
            <span>${money(total(example.draft, items), policy.currency)}, ${example.path}</span>
          </button>
        </li>`,
      )}
    </ul>
  </section>`;
}

/** Moves the focus to the sheet. A key brings it into view; under a pointer the page keeps still. @param {MouseEvent} event */
function focusSheet({ detail: clicks }) {
  const form = document.querySelector("form");
  form?.focus({ preventScroll: true });
  if (clicks === 0) form?.scrollIntoView();
}

/** @param {{items: Item[], currency: string, sheet: Sheet}} props */
function Catalogue({ items, currency, sheet: { draft, change } }) {
  const [search, setSearch] = useState("");
  const { shown, more } = useMemo(() => searchCatalogue(items, search, SHOWN_GOODS), [items, search]);
  /** @param {Item} item */
  const add = (item) => {
    const kept = addLine(draft, item.sku) === draft;
    change((before) => addLine(before, item.sku));
    announce(kept ? `Correct the quantity of ${item.name} first.` : `${item.name} added.`);
  };
  return html`<section aria-labelledby="catalogue" class="catalogue">
    <h2 id="catalogue">Catalogue</h2>
    <${Field} label="Search the catalogue">
      ${(/** @type {any} */ control) =>
        html`<input ...${control} type="search" value=${search} autocomplete="off"
          onInput=${(/** @type {any} */ event) => setSearch(event.currentTarget.value)} />`}
    <//>
    <ul class="goods">
      ${shown.map(
        (item) => html`<li key=${item.sku}>
          <span class="good"><span>${item.name}</span><code>${item.sku}</code></span>
          <span class="amount">${money(item.unitPrice, currency)}</span>
          <button type="button" aria-label=${`Add ${item.name}`} onClick=${() => add(item)}>Add</button>
        </li>`,
      )}
    </ul>
    ${shown.length === 0 && html`<p class="empty">Nothing in the catalogue is called that.</p>`}
    ${more > 0 && html`<p class="fine">${counted(more, "more good")}: search to narrow it down.</p>`}
  </section>`;
}

/** @param {{sheet: Sheet, items: Item[], policy: Policy}} props */
function OrderSheet({ sheet, items, policy }) {
  const { draft, change } = sheet;
  const { problem, errors, more, sending, place } = usePlacing(sheet, policy.currency);
  const names = useMemo(() => new Map(items.map(({ sku, name }) => [sku, name])), [items]);
  const sum = total(draft, items);
  const partial = draft.lines.some(({ quantity }) => quantity === null);
  return html`<form class="sheet" tabindex="-1" noValidate onSubmit=${place} aria-labelledby="sheet">
    <h2 id="sheet">Order sheet</h2>
    ${sheet.earlier && html`<p class="fine">Your previous draft is kept. <button type="button" class="link" onClick=${sheet.restore}>Bring it back</button></p>`}
    ${problem && html`<${Problem} problem=${problem} focused /><${Mistakes} errors=${openErrors(errors, draft)} more=${more} names=${names} />`}
    <${Heading} draft=${draft} problem=${problem} change=${change} />
    <${Lines} sheet=${sheet} items=${items} policy=${policy} errors=${errors} />
    <${FromFile} items=${items} sheet=${sheet} />
    <p class="total"><span>${partial ? "Total so far" : "Total"}</span> <span class="amount">${money(sum, policy.currency)}</span></p>
    <${Preview} cents=${sum} policy=${policy} />
    <button class="primary" aria-disabled=${sending}>${sending ? "Placing…" : "Place order"}</button>
    <p class="fine">The server prices the order again from its catalogue and decides who must approve.</p>
  </form>`;
}

/** Sends the draft, or says what has to be corrected first: `errors` holds the first ones, `more` counts the others. @param {Sheet} sheet @param {string} currency */
function usePlacing({ draft, clear }, currency) {
  const [problem, setProblem] = useState(/** @type {Page.Problem | null} */ (null));
  const [errors, setErrors] = useState(/** @type {FieldError[]} */ ([]));
  const [sending, setSending] = useState(false);
  /** @param {Page.Problem} why @param {FieldError[]} fields */
  const refuse = (why, fields) => {
    setProblem(why);
    setErrors(fields);
  };
  /** @param {Event} event */
  async function place(event) {
    event.preventDefault();
    if (sending) return;
    const unreadable = quantityErrors(draft);
    if (unreadable.length > 0) return refuse({ ...problemOf(422, null), title: "The order was not sent: a quantity is not a whole number" }, unreadable);
    setSending(true);
    setProblem(null);
    try {
      const order = await act("/orders", submission(draft, currency));
      clear();
      remember(`/orders/${order.orderId}`, { data: order, problem: null });
      announce("Order placed.");
      location.hash = orderLink(order.orderId);
    } catch (error) {
      const why = problemBehind(error);
      refuse(why, tieErrors(why.fields, draft));
    }
    setSending(false);
  }
  return { problem, errors: errors.slice(0, SHOWN_ERRORS), more: Math.max(0, errors.length - SHOWN_ERRORS), sending, place };
}

/** @param {{items: Item[], sheet: Sheet}} props */
function FromFile({ items, sheet }) {
  const [open, setOpen] = useState(false);
  if (open) return html`<${CsvImport} items=${items} sheet=${sheet} />`;
  return html`<p><button type="button" class="link" onClick=${() => setOpen(true)}>Take the lines from a CSV file</button></p>`;
}

/** @type {Record<string, string>} the fields of the sheet by the pointer that the server names them with */
const FIELDS = { "/customer": "Customer", "/note": "Note", "/lines": "Lines" };

/** Where an error belongs on the sheet. @param {FieldError} error */
const placeOf = ({ pointer, line }) => (line ? linePlace(line) : `/${pointer.split("/")[1]}`);

/** @param {Line} line */
const linePlace = ({ sku }) => `/lines/${sku}`;

/** @param {string} place */
const focusPlace = (place) => /** @type {HTMLElement | null} */ (document.querySelector(`[data-pointer="${CSS.escape(place)}"]`))?.focus();

/** Errors, each a way to its field. @param {{errors: FieldError[], more: number, names: Map<string, string>}} props */
function Mistakes({ errors, more, names }) {
  if (errors.length === 0) return null;
  return html`<ul class="mistakes breakable" aria-label="What to correct">
    ${errors.map((error) => {
      const place = placeOf(error);
      const name = error.line ? (names.get(error.line.sku) ?? error.line.sku) : FIELDS[place];
      if (!name) return html`<li>${error.detail}</li>`;
      return html`<li><button type="button" class="link" onClick=${() => focusPlace(place)}>${name}: ${error.detail}</button></li>`;
    })}
    ${more > 0 && html`<li>and ${counted(more, "more mistake")}. Correct these first.</li>`}
  </ul>`;
}

/** @param {{draft: Draft, problem: Page.Problem | null, change: Change}} props */
function Heading({ draft, problem, change }) {
  /** @param {"customer" | "note"} name */
  const typed = (name) => (/** @type {any} */ event) => {
    const { value } = event.currentTarget;
    change((before) => ({ ...before, [name]: value }));
  };
  return html`<${Field} label="Customer" error=${fieldError(problem, "/customer")}
      hint="In this sandbox acme pays; the examples name customers who do not.">
      ${(/** @type {any} */ control) =>
        html`<input ...${control} value=${draft.customer} data-pointer="/customer" autocomplete="off" onInput=${typed("customer")} />`}
    <//>
    <${Field} label="Note (optional)" error=${fieldError(problem, "/note")}>
      ${(/** @type {any} */ control) =>
        html`<textarea ...${control} rows="2" value=${draft.note} data-pointer="/note" onInput=${typed("note")}></textarea>`}
    <//>`;
}

/** @param {{sheet: Sheet, items: Item[], policy: Policy, errors: FieldError[]}} props lines with errors are shown wherever they are, also while they are corrected */
function Lines({ sheet: { draft, change, replace }, items, policy, errors }) {
  const bySku = useMemo(() => new Map(items.map((item) => [item.sku, item])), [items]);
  const [limit, setLimit] = useState(LINES_AT_ONCE);
  const missing = errors.find(({ pointer }) => pointer === "/lines")?.detail;
  if (draft.lines.length === 0) {
    return html`<p class=${missing ? "error" : "empty"} data-pointer="/lines" tabindex="-1">
      ${missing || "No lines yet. Add something from the catalogue."}
    </p>`;
  }
  const byLine = new Map(errors.map(({ line, detail }) => [line, detail]));
  const faulty = new Set(errors.map(({ line }) => line?.sku));
  const shown = draft.lines.filter(({ sku }, index) => index < limit || faulty.has(sku));
  return html`${missing && html`<p class="error" data-pointer="/lines" tabindex="-1">${missing}</p>`}
    <ol class="lines" aria-label="Lines">
      ${shown.map((line) => {
        const item = bySku.get(line.sku);
        return html`<li key=${line.sku}>
          <${Quantity} line=${line} item=${item} change=${change} error=${byLine.get(line)} />
          <span class="amount">${line.quantity !== null && money((item?.unitPrice ?? 0) * line.quantity, policy.currency)}</span>
          <button type="button" class="quiet" aria-label=${`Remove ${item?.name ?? line.sku}`}
            onClick=${() => change((before) => removeLine(before, line.sku))}>✕</button>
        </li>`;
      })}
    </ol>
    ${draft.lines.length > shown.length && html`<${MoreLines} draft=${draft} hidden=${draft.lines.length - shown.length} limit=${limit} setLimit=${setLimit} replace=${replace} />`}`;
}

/** @param {{draft: Draft, hidden: number, limit: number, setLimit: (limit: number) => void, replace: Change}} props */
function MoreLines({ draft, hidden, limit, setLimit, replace }) {
  const show = () => {
    setLimit(limit + LINES_AT_ONCE);
    const next = draft.lines[limit];
    setTimeout(() => next && focusPlace(linePlace(next)));
  };
  /** @param {MouseEvent} event */
  const removeAll = (event) => {
    replace((before) => ({ ...before, lines: [] }));
    focusSheet(event);
  };
  return html`<p class="fine">and ${counted(hidden, "more line")}.
    ${" "}<button type="button" class="link" onClick=${show}>Show ${Math.min(LINES_AT_ONCE, hidden)} more</button>
    ${" · "}<button type="button" class="link" onClick=${removeAll}>Remove all lines</button></p>`;
}

/** @param {{line: Line, item: Item | undefined, error: string | undefined, change: Change}} props */
function Quantity({ line, item, error, change }) {
  /** @param {any} event */
  const typed = ({ currentTarget: { value } }) => change((before) => typeQuantity(before, line.sku, value));
  const mistake = line.typed ? readQuantity(line.typed).mistake : "";
  return html`<${Field} label=${item?.name ?? line.sku} error=${mistake || error}>
    ${(/** @type {any} */ control) =>
      html`<input ...${control} aria-label=${`Quantity of ${item?.name ?? line.sku}`} type="text" inputmode="numeric" autocomplete="off"
        value=${typedQuantity(line)} data-pointer=${linePlace(line)} onInput=${typed} />`}
  <//>`;
}

/** Who will have to sign, on empty signature lines. @param {{cents: number, policy: Policy}} props */
function Preview({ cents, policy }) {
  if (cents === 0) return null;
  const preview = approvalPreview(cents, policy);
  if (preview.overCap) return html`<p class="error">More than ${money(policy.cap, policy.currency)} cannot be ordered at once.</p>`;
  if (preview.levels.length === 0) return html`<p class="preview">Nobody has to sign: approved by itself.</p>`;
  return html`<div class="preview">
    <p>To be signed by</p>
    <ol>
      ${preview.levels.map((level) => html`<li>${signers(level)}</li>`)} ${preview.coolingOff && html`<li>a cooling-off wait</li>`}
    </ol>
  </div>`;
}
