// Orders that a person has to put right: stopped, or ended without being closed.

import { Actions } from "../decide.js";
import { useResource } from "../live.js";
import { orderLink } from "../route.js";
import { Ago, Amount, Shown, StateChip, Title, html } from "../ui.js";
import { shortId } from "../words.js";

export const View = () => html`<${Title} title="Attention" />
  <${Shown} resource=${useResource("/orders?limit=100&status=NEEDS_ATTENTION")} what="what needs attention">
    ${(/** @type {any} */ { items }) =>
      items.length === 0
        ? html`<div class="empty hero"><p class="hero-line">Nothing needs an operator.</p>
            <p>An order comes here when its execution was stopped, failed or ran out of time before the order was closed.</p></div>`
        : html`<p class="fine">Nothing happens to these orders until an operator starts their recovery, which undoes what they did.</p>
            <ul class="inbox">${items.map((/** @type {any} */ order) => html`<${Card} key=${order.orderId} order=${order} />`)}</ul>`}
  <//>`;

/** @param {{order: any}} props */
const Card = ({ order }) => html`<li class="card">
  <h2><${Amount} cents=${order.total} currency=${order.currency} /> for ${order.customer}</h2>
  <p class="fine"><a href=${orderLink(order.orderId)}>order <code>${shortId(order.orderId)}</code></a> of ${order.requester}, changed <${Ago} at=${order.updatedAt} /></p>
  <p><${StateChip} status=${order.status} /></p>
  ${order.outcomeReason && html`<p class="reason">${order.outcomeReason}</p>`}
  <${Actions} order=${order} />
</li>`;
