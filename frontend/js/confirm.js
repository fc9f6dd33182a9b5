// The dialog before an action on an order: what it is about, and what is sent.

import { act } from "./act.js";
import { serverNow } from "./api.js";
import { View as ReasonDialog } from "./reason.js";
import { whoWasFaster } from "./refusals.js";
import { announce } from "./store.js";
import { focusTitle, html } from "./ui.js";
import { ago, money } from "./words.js";

/** @typedef {import("./decide.js").Action} Action */
/**
 * @typedef {object} Deed
 * @property {string} title
 * @property {string} confirm `€` stands for the amount
 * @property {boolean} needsReason
 * @property {string} route below the order
 * @property {string} told once it is done; `€` as above
 */

/** @type {Record<Action, Deed>} */
const ACTIONS = {
  approve: { title: "Approve this order?", confirm: "Approve €", needsReason: false, route: "decisions", told: "You approved €." },
  reject: { title: "Reject this order?", confirm: "Reject €", needsReason: true, route: "decisions", told: "You rejected €." },
  withdraw: { title: "Withdraw this order?", confirm: "Withdraw €", needsReason: false, route: "withdrawal", told: "Order withdrawn." },
  stop: { title: "Stop this execution?", confirm: "Stop it", needsReason: true, route: "stop", told: "The execution is being stopped." },
  recover: { title: "Undo what this order did?", confirm: "Start the recovery", needsReason: true, route: "recovery", told: "The recovery has begun." },
};

/** @param {{action: Action, tone: string, order: any, close: () => void}} props */
export function View({ action, tone, order, close }) {
  const { confirm, needsReason, route, told, ...looks } = ACTIONS[action];
  const amount = money(order.total, order.currency);
  const question = {
    ...looks,
    tone,
    needsReason,
    confirm: confirm.replace("€", () => amount),
    label: needsReason ? "Reason" : "Reason (optional)",
    missing: action === "reject" ? "Say why: the requester will read it." : "Say why: the audit trail keeps it.",
  };
  /** @param {string} reason */
  async function send(reason) {
    const decision = route === "decisions" && { level: order.level, verdict: action };
    await act(`/orders/${encodeURIComponent(order.orderId)}/${route}`, { ...decision, ...(reason && { reason }) });
    close();
    announce(told.replace("€", () => `${amount} for ${order.customer}`));
    setTimeout(focusTitle);
  }
  /** Somebody faster is news rather than an error, and there is nothing left to send. @param {Page.Problem} why */
  function refused(why) {
    const faster = whoWasFaster(why, (at) => ago(at, serverNow()));
    if (faster) close();
    if (faster) announce(faster);
    return Boolean(faster);
  }
  const stake = html`<span class="amount">${amount}</span> for <strong>${order.customer}</strong>, asked for by ${order.requester}`;
  return html`<${ReasonDialog} question=${question} about=${`${action} ${order.orderId}`} stake=${stake} send=${send} refused=${refused} close=${close} />`;
}

