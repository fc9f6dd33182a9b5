// The list of orders this person may see: filters, pages, and newcomers that wait to be asked in.

import { groups, useResource } from "../live.js";
import { Newcomers, useAdmitted } from "../newcomers.js";
import { orderLink, ordersLink } from "../route.js";
import { Ago, Countdown, Shown, StateChip, Title, html } from "../ui.js";
import { FINAL_STATES, STATE_NAMES, money, orderState, roleWords, shortId } from "../words.js";

const PAGE = 25;

/** @param {{route: Page.Route}} props */
export function View({ route: { query } }) {
  const filters = { status: query.get("status") ?? "", mine: query.get("mine") === "true" };
  const cursor = query.get("cursor") ?? "";
  const asked = new URLSearchParams({
    limit: String(PAGE),
    ...(filters.status && { status: filters.status }),
    ...(filters.mine && { mine: "true" }),
    ...(cursor && { cursor }),
  });
  const path = `/orders?${asked}`;
  return html`<div class="topline"><${Title} title="Orders" />${groups().includes("requesters") && html`<a class="button primary" href="#/new">New order</a>`}</div>
    <${Filters} ...${filters} />
    <${Shown} resource=${useResource(path)} what="orders">
      ${(/** @type {any} */ page) => html`<${Page} key=${path} page=${page} filters=${filters} cursor=${cursor} />`}
    <//>`;
}

/** @param {{status: string, mine: boolean}} props */
function Filters({ status, mine }) {
  /** @param {{status?: string, mine?: boolean}} change */
  const go = (change) => void (location.hash = ordersLink({ status, mine, ...change }));
  return html`<form class="filters" aria-label="Filters" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
    <label class="inline"><span>State</span>
      <select value=${status} onChange=${(/** @type {any} */ event) => go({ status: event.currentTarget.value })}>
        <option value="">any</option>
        ${STATE_NAMES.map((name) => html`<option value=${name}>${orderState(name).word}</option>`)}
      </select>
    </label>
    <label class="inline"><input type="checkbox" checked=${mine}
      onChange=${(/** @type {any} */ event) => go({ mine: event.currentTarget.checked })} /><span>Only mine</span></label>
  </form>`;
}

/** @param {{page: {items: any[], nextCursor: string | null}, filters: {status: string, mine: boolean}, cursor: string}} props */
function Page({ page, filters, cursor }) {
  const { shown, ...newcomers } = useAdmitted(page.items, (order) => order.orderId);
  const narrowed = filters.status !== "" || filters.mine;
  if (page.items.length === 0) return html`<${Nothing} narrowed=${narrowed || cursor !== ""} />`;
  return html`<${Newcomers} ...${newcomers} />
    <${Table} orders=${shown} />
    <nav class="pages" aria-label="Pages">
      ${cursor && html`<a class="button" href=${ordersLink(filters)}>Newest</a>`}
      ${page.nextCursor && html`<a class="button" href=${ordersLink({ ...filters, cursor: page.nextCursor })}>Older</a>`}
    </nav>`;
}

/** @param {{narrowed: boolean}} props */
function Nothing({ narrowed }) {
  if (narrowed) return html`<p class="empty">No order fits. <a href="#/orders">Show all</a></p>`;
  return html`<div class="empty hero">
    <p class="hero-line">No orders yet.</p>
    <p>Place one, let somebody else sign it, and watch every durable step it takes on the way.</p>
    ${groups().includes("requesters")
      ? html`<p><a class="button primary" href="#/new">Place the first order</a></p>`
      : html`<p>Orders are placed by requesters.</p>`}
  </div>`;
}

/** @param {{orders: any[]}} props */
const Table = ({ orders }) => html`<table class="orders">
  <caption class="unseen">Orders, newest first</caption>
  <thead>
    <tr>
      <th scope="col">Order</th><th scope="col">Customer</th><th scope="col" class="number">Amount</th>
      <th scope="col">State</th><th scope="col">Waiting for</th><th scope="col">Placed</th>
    </tr>
  </thead>
  <tbody>${orders.map((order) => html`<${OrderRow} key=${order.orderId} order=${order} />`)}</tbody>
</table>`;

/** @param {{order: any}} props */
const OrderRow = ({ order }) => html`<tr>
  <th scope="row"><a href=${orderLink(order.orderId)} title=${order.orderId}><code>${shortId(order.orderId)}</code></a></th>
  <td class="customer">${order.customer}</td>
  <td class="number"><span class="amount">${money(order.total, order.currency)}</span></td>
  <td><${StateChip} status=${order.status} /></td>
  <td class="waiting"><${WaitingFor} order=${order} /></td>
  <td class="placed"><${Ago} at=${order.submittedAt} /> <span class="by">by ${order.requester}</span></td>
</tr>`;

/** @param {{order: any}} props */
function WaitingFor({ order }) {
  if (FINAL_STATES.has(order.status) || order.status !== "PENDING_APPROVAL") return html`<span aria-hidden="true">–</span>`;
  const level = order.levels?.find((/** @type {any} */ each) => each.level === order.level);
  return html`${level && html`<span>${roleWords(level.escalatedTo ?? level.role)}</span> `}
    ${order.deadline && html`<${Countdown} at=${order.deadline} />`}`;
}
