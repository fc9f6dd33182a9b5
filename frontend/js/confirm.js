// The dialog before an action on an order: what it is about, and what is sent.

import { act } from "./act.js";
import { useResource } from "./live.js";
import { serverNow } from "./api.js";
import { View as ReasonDialog } from "./reason.js";
import { whoWasFaster } from "./refusals.js";
import { announce } from "./store.js";
import { focusTitle, Text, html } from "./ui.js";
import { isolated } from "./text.js";
import { ago, money, orderState, verdictWords } from "./words.js";

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
    await act(`${pathOf(order)}/${route}`, { ...decision, ...(reason && { reason }) });
    close();
    announce(told.replace("€", () => `${amount} for ${isolated(order.customer)}`));
    setTimeout(focusTitle);
  }
  /** Somebody faster is news rather than an error, and there is nothing left to send. @param {Page.Problem} why */
  function refused(why) {
    const faster = whoWasFaster(why, (at) => ago(at, serverNow()));
    if (faster) close();
    if (faster) announce(faster);
    return Boolean(faster);
  }
  const latest = useResource(pathOf(order)).data ?? order;
  const news = stateOf(latest) === stateOf(order) ? "" : newsOf(latest, action);
  const stake = html`<span class="amount">${amount}</span> for <strong><${Text} of=${order.customer} /></strong>, asked for by <${Text} of=${order.requester} />`;
  return html`<${ReasonDialog} question=${question} about=${`${action} ${order.orderId}`} stake=${stake} held=${{ key: order.orderId, item: order }} send=${send} news=${news} refused=${refused} close=${close} />`;
}

/** @param {{orderId: string}} order */
const pathOf = ({ orderId }) => `/orders/${encodeURIComponent(orderId)}`;

/** What a decision, a withdrawal or the workflow changes. @param {any} order */
const stateOf = ({ status, level, levels }) => [status, level, ...levels.map((/** @type {any} */ each) => each.decisions.length)].join();

/** What happened to the order while the dialog was open, if the action is no longer possible. @param {any} order @param {Action} action */
function newsOf(order, action) {
  if (order.actions.includes(action)) return "";
  const decision = order.levels.flatMap((/** @type {any} */ { decisions }) => decisions).at(-1);
  const decided = decision && ["approve", "reject"].includes(action);
  if (decided) return `Already ${verdictWords(decision.verdict)} by ${isolated(decision.by)} ${ago(decision.at, serverNow())}. What you typed is kept.`;
  return `This order is no longer open for that. It is now: ${orderState(order.status).word}.`;
}
