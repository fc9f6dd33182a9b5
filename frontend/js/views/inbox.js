// What only this person may decide now, the most urgent first.

import { Actions, Duplicate } from "../decide.js";
import { useResource } from "../live.js";
import { Newcomers, useAdmitted } from "../newcomers.js";
import { inboxLink, orderLink } from "../route.js";
import { useStore } from "../store.js";
import { Ago, Amount, Countdown, Shown, Title, html } from "../ui.js";
import { counted, shortId } from "../words.js";

const PAGE = 25;

/** @param {{route: Page.Route}} props */
export function View({ route: { query } }) {
  const cursor = query.get("cursor") ?? "";
  const asked = new URLSearchParams({ limit: String(PAGE), ...(cursor && { cursor }) });
  const path = `/inbox?${asked}`;
  const who = useStore((state) => state.who);
  return html`<${Title} title="Inbox" />
    <${Shown} resource=${useResource(path)} what="what waits for you">
      ${(/** @type {any} */ page) => html`<${Page} key=${`${who} ${path}`} page=${page} cursor=${cursor} who=${who} />`}
    <//>`;
}

/** @param {{page: {items: any[], nextCursor: string | null}, cursor: string, who: string}} props */
function Page({ page: { items, nextCursor }, cursor, who }) {
  const { shown, ...newcomers } = useAdmitted(items, (order) => order.orderId);
  if (items.length === 0 && !cursor) return html`<${Nothing} who=${who} />`;
  return html`<p class="fine">${counted(shown.length, "order")}${nextCursor ? " and more" : ""} to decide, the most urgent first.</p>
    <${Newcomers} ...${newcomers} />
    <ul class="inbox">${shown.map((order) => html`<${Card} key=${order.orderId} order=${order} />`)}</ul>
    <nav class="pages" aria-label="Pages">
      ${cursor && html`<a class="button" href=${inboxLink("")}>Most urgent</a>`}
      ${nextCursor && html`<a class="button" href=${inboxLink(nextCursor)}>Less urgent</a>`}
    </nav>`;
}

/** @param {{who: string}} props */
const Nothing = ({ who }) => html`<div class="empty hero">
  <p class="hero-line">Nothing waits for ${who}.</p>
  <p>Orders come here when they need a signature that ${who} may give. Act as somebody else to see their inbox.</p>
</div>`;

/** @param {{order: any}} props */
const Card = ({ order }) => html`<li class="card">
  <h2><${Amount} cents=${order.total} currency=${order.currency} /> for ${order.customer}</h2>
  <p class="fine">
    ${counted(order.lineCount, "line")}, asked for by ${order.requester}, <${Ago} at=${order.submittedAt} />,
    ${" "}<a href=${orderLink(order.orderId)}>order <code>${shortId(order.orderId)}</code></a>
  </p>
  ${order.note && html`<blockquote>${order.note}</blockquote>`}
  ${order.possibleDuplicateOf && html`<${Duplicate} orderId=${order.possibleDuplicateOf} />`}
  ${order.deadline && html`<${Countdown} at=${order.deadline} />`}
  <${Actions} order=${order} />
</li>`;
