// What may be done with an order: a button for each action the server offers, and the dialog behind it.

import { useState } from "../vendor/hooks.js";
import { orderLink } from "./route.js";
import { html, later } from "./ui.js";
import { shortId } from "./words.js";

/** @typedef {"approve" | "reject" | "withdraw" | "stop" | "recover"} Action */

/** @type {Record<Action, {button: string, tone: string}>} */
const ACTIONS = {
  approve: { button: "Approve", tone: "primary" },
  reject: { button: "Reject", tone: "danger" },
  withdraw: { button: "Withdraw", tone: "danger" },
  stop: { button: "Stop", tone: "danger" },
  recover: { button: "Recover", tone: "primary" },
};

const Confirm = later(() => import("./confirm.js"));

/**
 * A button for each action the server says this person may take now, and the dialog behind it.
 * @param {{order: any}} props
 */
export function Actions({ order }) {
  const [open, setOpen] = useState(/** @type {Action | null} */ (null));
  const offered = /** @type {Action[]} */ (Object.keys(ACTIONS)).filter((action) => order.actions.includes(action));
  const close = () => setOpen(null);
  return html`${offered.length > 0 &&
    html`<p class="actions">
      ${offered.map(
        (action) => html`<button type="button" class=${ACTIONS[action].tone} data-action=${action} onClick=${() => setOpen(action)}>
          ${ACTIONS[action].button}
        </button>`,
      )}
    </p>`}
    ${open && html`<${Confirm} action=${open} tone=${ACTIONS[open].tone} order=${order} close=${close} />`}`;
}

/** What an approver should know before signing. @param {{orderId: string}} props */
export const Duplicate = ({ orderId }) => html`<p class="news">
  <span class="icon" aria-hidden="true">i</span>Looks like order <a href=${orderLink(orderId)}><code>${shortId(orderId)}</code></a> again.
</p>`;
