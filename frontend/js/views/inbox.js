// What only this person may decide now, the most urgent first.

import { Actions, Duplicate } from "../decide.js";
import { counted, shortId } from "../format.js";
import { useResource } from "../live.js";
import { orderLink } from "../route.js";
import { useStore } from "../store.js";
import { Ago, Amount, Countdown, Shown, Title, html } from "../ui.js";

export function View() {
  const inbox = useResource("/inbox?limit=25");
  const who = useStore((state) => state.who);
  return html`<${Title} title="Inbox" />
    <${Shown} resource=${inbox} what="what waits for you">
      ${(/** @type {any} */ { items, nextCursor }) =>
        items.length === 0
          ? html`<div class="empty hero"><p class="hero-line">Nothing waits for ${who}.</p>
              <p>Orders come here when they need a signature that ${who} may give. Act as somebody else to see their inbox.</p></div>`
          : html`<p class="fine">${counted(items.length, "order")}${nextCursor ? " and more" : ""} to decide, the most urgent first.</p>
              <ul class="inbox">${items.map((/** @type {any} */ order) => html`<${Card} key=${order.orderId} order=${order} />`)}</ul>`}
    <//>`;
}

/** @param {{order: any}} props */
const Card = ({ order }) => html`<li class="card">
  <h2><${Amount} cents=${order.total} currency=${order.currency} /> for ${order.customer}</h2>
  <p class="fine">
    ${counted(order.lineCount, "line")}, asked for by ${order.requester} <${Ago} at=${order.submittedAt} />,
    ${" "}<a href=${orderLink(order.orderId)}>order <code>${shortId(order.orderId)}</code></a>
  </p>
  ${order.note && html`<blockquote>${order.note}</blockquote>`}
  ${order.possibleDuplicateOf && html`<${Duplicate} orderId=${order.possibleDuplicateOf} />`}
  ${order.deadline && html`<${Countdown} at=${order.deadline} />`}
  <${Actions} order=${order} />
</li>`;
