// One order: what it is, who signed, what may be done, how its execution went, and the record of it all.

import { Actions, Duplicate } from "../decide.js";
import { useOrder } from "../follow.js";
import { useResource } from "../live.js";
import { historyLink } from "../route.js";
import { Timeline } from "../timeline/view.js";
import { Ago, Amount, Countdown, Shown, StateChip, Title, html } from "../ui.js";
import { counted, eventWords, moment, money, orderState, shortId, signers, verdictWords } from "../words.js";

const LINES_SHOWN = 100;
/** @type {any[]} */
const NO_ENTRIES = [];

/** @param {string} name @param {unknown} data */
const save = async (name, data) => (await import("../save.js")).saveJson(name, data);

/** @param {{route: Page.Route}} props */
export function View({ route: { orderId } }) {
  const { order, audit, execution } = useOrder(orderId);
  return html`<${Title} title=${`Order ${shortId(orderId)}`}>Order <code>${shortId(orderId)}</code><//>
    <${Shown} resource=${order} what="the order">
      ${(/** @type {any} */ data) => html`<div class="columns"><${Summary} order=${data} /><${Signatures} order=${data} /></div>
        <${Timeline} history=${execution.data} problem=${execution.problem} entries=${audit.data?.items ?? NO_ENTRIES} levels=${data.levels} raw=${historyLink(orderId)} />
        <div class="columns"><${Audit} resource=${audit} /><${Contents} order=${data} /></div>`}
    <//>`;
}

/** @param {{order: any}} props */
const Summary = ({ order }) => html`<section class="summary" aria-label="Summary">
  <p class="headline"><${Amount} cents=${order.total} currency=${order.currency} /> <${StateChip} status=${order.status} /></p>
  <p>
    For <strong>${order.customer}</strong>, ${counted(order.lineCount, "line")}, placed by ${order.requester}, <${Ago} at=${order.submittedAt} />
  </p>
  ${order.note && html`<blockquote>${order.note}</blockquote>`}
  ${order.outcomeReason && html`<p class="reason"><strong>Why:</strong> ${order.outcomeReason}</p>`}
  ${order.possibleDuplicateOf && html`<${Duplicate} orderId=${order.possibleDuplicateOf} />`}
  ${order.status === "PENDING_APPROVAL" && order.deadline && html`<p><${Countdown} at=${order.deadline} /> to decide</p>`}
  <${Actions} order=${order} />
  <p class="fine">Order id <code class="whole">${order.orderId}</code></p>
</section>`;

/** A signature line for each signature a level asks for, signed or still empty. @param {{order: any}} props */
const Signatures = ({ order }) => html`<section aria-labelledby="signatures" class="signatures">
  <h2 id="signatures">Signatures</h2>
  ${order.levels.length === 0
    ? html`<p class="empty">Nobody has to sign an order of this size.</p>`
    : html`<ol>${order.levels.map((/** @type {any} */ level) => html`<${Level} key=${level.level} level=${level} alive=${["SUBMITTED", "PENDING_APPROVAL"].includes(order.status)} />`)}</ol>`}
</section>`;

/** @param {{level: any, alive: boolean}} props whether anybody may still sign */
function Level({ level, alive }) {
  const missing = level.outcome === "open" || level.outcome === "waiting" ? Math.max(0, level.quorum - level.decisions.length) : 0;
  const next = !alive ? "not signed by" : level.outcome === "open" ? "waiting for" : "to be signed by";
  return html`<li data-outcome=${level.outcome}>
    ${level.decisions.map((/** @type {any} */ decision) => html`<${Signature} decision=${decision} />`)}
    ${missing > 0 &&
    html`<div class="signature" data-signed="no"><p class="name"> </p>
      <p class="under">${next} ${signers({ role: level.role, quorum: missing })}${level.escalatedTo && `, or ${signers({ role: level.escalatedTo, quorum: 1 })}`}</p></div>`}
    ${missing === 0 && level.decisions.length === 0 &&
    html`<div class="signature" data-signed="no"><p class="name"> </p><p class="under">${level.outcome}, unsigned</p></div>`}
  </li>`;
}

/** @param {{decision: any}} props */
const Signature = ({ decision }) => html`<div class="signature" data-signed=${decision.verdict}>
  <p class="name">${decision.by}</p>
  <p class="under"><span class="icon" aria-hidden="true">${decision.verdict === "approve" ? "✓" : "✕"}</span>
    ${verdictWords(decision.verdict)} <${Ago} at=${decision.at} /></p>
  ${decision.reason && html`<p class="why">${decision.reason}</p>`}
</div>`;

/** @param {{order: any}} props */
function Contents({ order }) {
  const document = useResource(`/orders/${encodeURIComponent(order.orderId)}/document`, Infinity);
  return html`<section aria-labelledby="contents">
    <h2 id="contents">Document</h2>
    ${document.problem?.status === 404 ? html`<p class="empty">Your role sees the order, not what is in it.</p>` : html`<${Shown} resource=${document} what="the document">
      ${(/** @type {any} */ data) => html`<${Lines} lines=${data.lines} currency=${order.currency} />
        <p><button type="button" onClick=${() => save(`${order.orderId}.json`, data)}>Save as JSON</button></p>`}
    <//>`}
  </section>`;
}

/** @param {{lines: any[], currency: string}} props */
const Lines = ({ lines, currency }) => html`<table class="contents">
  <thead><tr><th scope="col">Good</th><th scope="col" class="number">Quantity</th><th scope="col" class="number">Price</th><th scope="col" class="number">Amount</th></tr></thead>
  <tbody>
    ${lines.slice(0, LINES_SHOWN).map(
      (line) => html`<tr>
        <th scope="row"><code>${line.sku}</code></th>
        <td class="number">${line.quantity.toLocaleString("en-IE")} ×</td>
        <td class="number">${money(line.unitPrice, currency)}</td>
        <td class="number">${money(line.unitPrice * line.quantity, currency)}</td>
      </tr>`,
    )}
  </tbody>
</table>
${lines.length > LINES_SHOWN && html`<p class="fine">and ${counted(lines.length - LINES_SHOWN, "line")} more in the file.</p>`}`;

/** @param {{resource: Page.Resource}} props */
const Audit = ({ resource }) => html`<section aria-labelledby="audit" class="audit">
  <h2 id="audit">Audit trail</h2>
  <${Shown} resource=${resource} what="the audit trail">
    ${(/** @type {any} */ { items }) => html`<ol>${items.map((/** @type {any} */ entry) => html`<${Entry} key=${entry.seq} entry=${entry} />`)}</ol>`}
  <//>
</section>`;

/** @param {{entry: any}} props */
const Entry = ({ entry }) => html`<li>
  <time dateTime=${entry.at}>${moment(entry.at)}</time>
  <p><strong>${entry.actor}</strong> ${eventWords(entry.event)}
    ${entry.to && entry.to !== entry.from && html` <${Moved} to=${entry.to} />`}
    ${entry.data?.reason && html` <q>${entry.data.reason}</q>`}</p>
</li>`;

/** @param {{to: string}} props */
const Moved = ({ to }) => html`<span class="moved"><span aria-hidden="true">→</span> ${orderState(to).word}</span>`;
