// Deciding and withdrawing: the buttons the server offers, and the dialog that says what is about to happen.

import { useState } from "../vendor/hooks.js";
import { ago, money, shortId } from "./format.js";
import { act } from "./live.js";
import { serverNow } from "./api.js";
import { fieldError, problemBehind, whoWasFaster } from "./problems.js";
import { orderLink } from "./route.js";
import { announce, read } from "./store.js";
import { Dialog, Field, Problem, focusTitle, html } from "./ui.js";
import { verdictWords } from "./words.js";

/** @typedef {"approve" | "reject" | "withdraw"} Action */

/** @type {Record<Action, {button: string, title: string, confirm: string, label: string, needsReason: boolean, tone: string}>} */
const ACTIONS = {
  approve: { button: "Approve", title: "Approve this order?", confirm: "Approve", label: "Reason (optional)", needsReason: false, tone: "primary" },
  reject: { button: "Reject", title: "Reject this order?", confirm: "Reject", label: "Reason", needsReason: true, tone: "danger" },
  withdraw: { button: "Withdraw", title: "Withdraw this order?", confirm: "Withdraw", label: "Reason (optional)", needsReason: false, tone: "danger" },
};

/** Reasons being typed, by person, action and order: closing a dialog or losing a session loses no words. @type {Map<string, string>} */
const reasons = new Map();

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
    ${open && html`<${Confirm} action=${open} order=${order} close=${close} />`}`;
}

/** @param {Action} action @param {any} order @param {string} reason */
function send(action, order, reason) {
  const path = `/orders/${encodeURIComponent(order.orderId)}`;
  const why = reason.trim() ? { reason: reason.trim() } : {};
  if (action === "withdraw") return act(`${path}/withdrawal`, why);
  return act(`${path}/decisions`, { level: order.level, verdict: action, ...why });
}

/** @param {{action: Action, order: any, close: () => void}} props */
function Confirm({ action, order, close }) {
  const { title, confirm, label, needsReason, tone } = ACTIONS[action];
  const place = `${read().who} ${action} ${order.orderId}`;
  const [reason, setReason] = useState(reasons.get(place) ?? "");
  const [problem, setProblem] = useState(/** @type {import("./problems.js").Problem | null} */ (null));
  const [missing, setMissing] = useState(false);
  const [sending, setSending] = useState(false);
  const amount = money(order.total, order.currency);

  /** @param {any} event */
  const typed = (event) => {
    reasons.set(place, event.currentTarget.value);
    setReason(event.currentTarget.value);
  };
  /** @param {any} event */
  async function submit(event) {
    event.preventDefault();
    const incomplete = needsReason && !reason.trim();
    setMissing(incomplete);
    if (incomplete) return event.currentTarget.querySelector("textarea")?.focus();
    if (sending) return undefined;
    setSending(true);
    try {
      await send(action, order, reason);
      reasons.delete(place);
      close();
      announce(action === "withdraw" ? "Order withdrawn." : `You ${verdictWords(action)} ${amount} for ${order.customer}.`);
      setTimeout(focusTitle);
    } catch (error) {
      refused(problemBehind(error));
    }
    return undefined;
  }
  /** Somebody faster is news rather than an error, and there is nothing left to send. @param {import("./problems.js").Problem} why */
  function refused(why) {
    const faster = whoWasFaster(why, (at) => ago(at, serverNow()));
    if (faster) close();
    if (faster) announce(faster);
    setProblem(why);
    setSending(false);
  }
  const told = missing ? "Say why: the requester will read it." : fieldError(problem, "/reason");
  return html`<${Dialog} title=${title} onClose=${close}>
    <form noValidate onSubmit=${submit}>
      <p class="stake"><span class="amount">${amount}</span> for <strong>${order.customer}</strong>, asked for by ${order.requester}</p>
      ${problem && html`<${Problem} problem=${problem} focused />`}
      <${Field} label=${label} error=${told}>
        ${(/** @type {any} */ control) =>
          html`<textarea ...${control} rows="3" maxlength="2000" aria-required=${needsReason} value=${reason} onInput=${typed}></textarea>`}
      <//>
      <p class="actions">
        <button class=${tone} aria-disabled=${sending}>${sending ? "Sending…" : `${confirm} ${amount}`}</button>
        <button type="button" onClick=${close}>Cancel</button>
      </p>
    </form>
  <//>`;
}

/** What an approver should know before signing. @param {{orderId: string}} props */
export const Duplicate = ({ orderId }) => html`<p class="news">
  <span class="icon" aria-hidden="true">i</span>Looks like order <a href=${orderLink(orderId)}><code>${shortId(orderId)}</code></a> again.
</p>`;
