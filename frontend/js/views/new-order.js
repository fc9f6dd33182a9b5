// Placing an order: examples, the catalogue, and the order as a sheet that shows its total and who must sign.

import { useMemo, useRef, useState } from "../../vendor/hooks.js";
import { act } from "../act.js";
import {
  EMPTY,
  addLine,
  approvalPreview,
  examples,
  parseDraft,
  parseQuantity,
  removeLine,
  searchCatalogue,
  setQuantity,
  submission,
  total,
} from "../draft.js";
import { groups, useResource } from "../live.js";
import { problemBehind } from "../problems.js";
import { fieldError } from "../refusals.js";
import { orderLink } from "../route.js";
import { announce, remember, useStore } from "../store.js";
import { Field } from "../field.js";
import { Problem, Shown, Title, html, later } from "../ui.js";
import { counted, money, signers } from "../words.js";

/** @typedef {import("../draft.js").Draft} Draft */
/** @typedef {import("../draft.js").Item} Item */
/** @typedef {import("../draft.js").Policy} Policy */
/** @typedef {(change: (draft: Draft) => Draft) => void} Change */

const CsvImport = later(() => import("../csv-import.js"));
const PLACE = "countersign.draft";
const SHOWN_GOODS = 8;
const SHOWN_LINES = 50;

/** The draft, kept in this browser until it is placed. @returns {[Draft, Change]} */
function useDraft() {
  const [draft, setDraft] = useState(() => parseDraft(localStorage.getItem(PLACE)));
  return [
    draft,
    (change) =>
      setDraft((before) => {
        const after = change(before);
        localStorage.setItem(PLACE, JSON.stringify(after));
        return after;
      }),
  ];
}

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
  const [draft, change] = useDraft();
  return html`<${Examples} items=${items} policy=${policy} change=${change} />
    <div class="desk">
      <${Catalogue} items=${items} currency=${policy.currency} change=${change} />
      <${Sheet} draft=${draft} items=${items} policy=${policy} change=${change} />
    </div>`;
}

/** @param {{items: Item[], policy: Policy, change: Change}} props */
function Examples({ items, policy, change }) {
  const all = useMemo(() => examples(items, policy), [items, policy]);
  /** @param {import("../draft.js").Example} example */
  const take = ({ title, draft }) => {
    change(() => draft);
    announce(`Example filled in: ${title}.`);
    document.querySelector("form")?.focus();
  };
  return html`<section aria-labelledby="examples" class="examples">
    <h2 id="examples">Start from an example</h2>
    <ul>
      ${all.map(
        (example) => html`<li>
          <button type="button" onClick=${() => take(example)}>
            <strong>${example.title}</strong>
            <span>${money(total(example.draft, items), policy.currency)}, ${example.path}</span>
          </button>
        </li>`,
      )}
    </ul>
  </section>`;
}

/** @param {{items: Item[], currency: string, change: Change}} props */
function Catalogue({ items, currency, change }) {
  const [search, setSearch] = useState("");
  const { shown, more } = useMemo(() => searchCatalogue(items, search, SHOWN_GOODS), [items, search]);
  /** @param {Item} item */
  const add = (item) => {
    change((draft) => addLine(draft, item.sku));
    announce(`${item.name} added.`);
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

/** @param {{draft: Draft, items: Item[], policy: Policy, change: Change}} props */
function Sheet({ draft, items, policy, change }) {
  const [problem, setProblem] = useState(/** @type {Page.Problem | null} */ (null));
  const [sending, setSending] = useState(false);
  const form = useRef(/** @type {HTMLFormElement | null} */ (null));
  /** @param {Event} event */
  async function place(event) {
    event.preventDefault();
    if (sending) return;
    setSending(true);
    setProblem(null);
    try {
      const order = await act("/orders", submission(draft, policy.currency));
      change(() => EMPTY);
      remember(`/orders/${order.orderId}`, { data: order, problem: null });
      announce("Order placed.");
      location.hash = orderLink(order.orderId);
    } catch (error) {
      setProblem(problemBehind(error));
    }
    setSending(false);
  }
  const sum = total(draft, items);
  return html`<form class="sheet" ref=${form} tabindex="-1" noValidate onSubmit=${place} aria-labelledby="sheet">
    <h2 id="sheet">Order sheet</h2>
    ${problem && html`<${Problem} problem=${problem} focused /><${Mistakes} problem=${problem} form=${form} />`}
    <${Heading} draft=${draft} problem=${problem} change=${change} />
    <${Lines} draft=${draft} items=${items} policy=${policy} problem=${problem} change=${change} />
    <${FromFile} items=${items} change=${change} />
    <p class="total"><span>Total</span> <span class="amount">${money(sum, policy.currency)}</span></p>
    <${Preview} cents=${sum} policy=${policy} />
    <button class="primary" aria-disabled=${sending}>${sending ? "Placing…" : "Place order"}</button>
    <p class="fine">The server prices the order again from its catalogue and decides who must approve.</p>
  </form>`;
}

/** @param {{items: Item[], change: Change}} props */
function FromFile({ items, change }) {
  const [open, setOpen] = useState(false);
  if (open) return html`<${CsvImport} items=${items} change=${change} />`;
  return html`<p><button type="button" class="link" onClick=${() => setOpen(true)}>Take the lines from a CSV file</button></p>`;
}

/** Every field the server named, as a way to it. @param {{problem: Page.Problem, form: {current: HTMLFormElement | null}}} props */
function Mistakes({ problem, form }) {
  if (problem.fields.length === 0) return null;
  /** @param {string} pointer */
  const go = (pointer) => {
    const inputs = [...(form.current?.querySelectorAll("[data-pointer]") ?? [])];
    const target = inputs.find((input) => pointer.startsWith(input.getAttribute("data-pointer") ?? "?"));
    /** @type {HTMLElement | undefined} */ (target)?.focus();
  };
  return html`<ul class="mistakes" aria-label="What to correct">
    ${problem.fields.map(
      ({ pointer, detail }) => html`<li>
        <button type="button" class="link" onClick=${() => go(pointer)}>${pointer.split("/").filter(Boolean).join(" ")}: ${detail}</button>
      </li>`,
    )}
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

/** @param {{draft: Draft, items: Item[], policy: Policy, problem: Page.Problem | null, change: Change}} props */
function Lines({ draft, items, policy, problem, change }) {
  const bySku = useMemo(() => new Map(items.map((item) => [item.sku, item])), [items]);
  const missing = problem?.fields.some(({ pointer }) => pointer === "/lines") && fieldError(problem, "/lines");
  if (draft.lines.length === 0) {
    return html`<p class=${missing ? "error" : "empty"} data-pointer="/lines" tabindex="-1">
      ${missing || "No lines yet. Add something from the catalogue."}
    </p>`;
  }
  return html`${missing && html`<p class="error" data-pointer="/lines" tabindex="-1">${missing}</p>`}
    <ol class="lines" aria-label="Lines">
      ${draft.lines.slice(0, SHOWN_LINES).map((line, index) => {
        const item = bySku.get(line.sku);
        return html`<li key=${line.sku}>
          <${Quantity} line=${line} item=${item} change=${change} pointer=${`/lines/${index}`} error=${fieldError(problem, `/lines/${index}`)} />
          <span class="amount">${money((item?.unitPrice ?? 0) * (line.quantity ?? 0), policy.currency)}</span>
          <button type="button" class="quiet" aria-label=${`Remove ${item?.name ?? line.sku}`}
            onClick=${() => change((before) => removeLine(before, line.sku))}>✕</button>
        </li>`;
      })}
    </ol>
    ${draft.lines.length > SHOWN_LINES &&
    html`<p class="fine">and ${counted(draft.lines.length - SHOWN_LINES, "more line")}.
      ${" "}<button type="button" class="link" onClick=${() => change((before) => ({ ...before, lines: [] }))}>Remove all lines</button></p>`}`;
}

/** @param {{line: import("../draft.js").Line, item: Item | undefined, pointer: string, error: string, change: Change}} props */
function Quantity({ line, item, pointer, error, change }) {
  /** @param {any} event */
  const typed = (event) => {
    const quantity = parseQuantity(event.currentTarget.value);
    change((before) => setQuantity(before, line.sku, quantity));
  };
  return html`<${Field} label=${item?.name ?? line.sku} error=${error}>
    ${(/** @type {any} */ control) =>
      html`<input ...${control} aria-label=${`Quantity of ${item?.name ?? line.sku}`} type="text" inputmode="numeric"
        value=${line.quantity ?? ""} data-pointer=${pointer} onInput=${typed} />`}
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
