// Every message that was sent, as the people who get them would see it. Only the local stack shows it.

import { orderLink } from "../route.js";
import { Ago, Chip, Shown, Title, html } from "../ui.js";
import { useLocal } from "./service.js";
import { moment, shortId } from "../words.js";

/** @typedef {{orderId: string, kind: string, level: number, to: string, subject: string, at: string, published: boolean, deadline: string | null}} Message */

const OFTEN = 5500;

/** @type {Record<string, Page.Label>} */
const KINDS = {
  "request-decision": { icon: "✎", word: "Request", tone: "active" },
  remind: { icon: "◷", word: "Reminder", tone: "waiting" },
  escalate: { icon: "↑", word: "Escalation", tone: "alarm" },
  outcome: { icon: "■", word: "Outcome", tone: "quiet" },
  held: { icon: "!", word: "On hold", tone: "alarm" },
};

export const View = () => html`<${Title} title="Outbox" />
  <${Shown} resource=${useLocal("/local/outbox", OFTEN)} what="the messages">
    ${(/** @type {any} */ { items }) =>
      items.length === 0
        ? html`<div class="empty hero"><p class="hero-line">No messages yet.</p><p>Requests, reminders, escalations and outcomes show up here instead of in anybody's mail.</p></div>`
        : html`<p class="fine">Newest first. Nobody gets mail from this stack: this is what they would get.</p>
            <ol class="outbox">${items.map((/** @type {Message} */ message) => html`<${Card} key=${`${message.orderId} ${message.kind} ${message.at}`} message=${message} />`)}</ol>`}
  <//>`;

/** @param {{message: Message}} props */
const Card = ({ message: { orderId, kind, level, to, subject, at, published, deadline } }) => html`<li>
  <p><${Chip} label=${KINDS[kind] ?? { icon: "·", word: kind, tone: "quiet" }} /> to <strong>${to}</strong></p>
  <p>${subject}</p>
  <p class="fine">
    <${Ago} at=${at} />, <a href=${orderLink(orderId)}>order <code>${shortId(orderId)}</code></a>${level > 0 && `, level ${level}`}${deadline && `, to be decided by ${moment(deadline)}`}${!published && ", not published yet"}
  </p>
</li>`;
