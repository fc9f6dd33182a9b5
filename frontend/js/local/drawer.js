// The break-it drawer: faults to arm and time to put forward. Only the local stack answers to it.

import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { act } from "../act.js";
import { examples, submission } from "../draft.js";
import { ask } from "../live.js";
import { problemBehind } from "../problems.js";
import { orderLink } from "../route.js";
import { announce, update, useStore } from "../store.js";
import { Ago, Countdown, Problem, html } from "../ui.js";
import { actLocally, useLocal } from "./service.js";
import { become } from "./session.js";
import { shortId } from "../words.js";

/** @typedef {{kind: string, orderId: string | null, armedAt: string}} Armed */
/** @typedef {{kind: string, orderId: string, at: string, detail: string}} Fired */
/** @typedef {{at: string, orderId: string, kind: string, operation: string | null}} Timer */
/** @typedef {{kind: string, orderId: string}} Trial an order that was placed to be hit by a fault */
/**
 * @typedef {object} Fault
 * @property {string} kind
 * @property {string} title
 * @property {string} says
 * @property {string} example the order on which it shows best
 * @property {string} as who takes the next step
 * @property {string} [place] where; else on the order's own page
 * @property {boolean} [midway] armed once something has been stored that a crash could lose
 * @property {string} before what to do, while it has not hit
 * @property {string} after what to see, once it has
 * @property {"jump" | "outbox"} [next] what helps to see it
 */

const OFTEN = 2000;
const SILENCE = "stop-warehouse-beats";
const A_MOMENT = 200;

/** @type {Fault[]} what can be broken */
const FAULTS = [
  {
    kind: "crash-at-next-checkpoint",
    title: "Crash at the next checkpoint",
    says: "Kills the process that runs a workflow, before its progress is stored. Lambda starts another one; it replays what was stored and goes on.",
    example: "gateway-flaky",
    as: "requester-1",
    midway: true,
    before: "Wait for its next checkpoint.",
    after: "The process is gone. Watch the invocations: a red one, and the one that recovers beside it.",
  },
  {
    kind: "lose-next-signal",
    title: "Lose the next signal",
    says: "A decision wakes its workflow by a signal. This one never arrives; the decision is in the order's row all the same.",
    example: "levels-1",
    as: "manager-1",
    before: "Approve it.",
    after: "You have signed, and the workflow sleeps on: nobody woke it. Jump to its next timer: it looks, and finds the decision.",
    next: "jump",
  },
  {
    kind: "duplicate-next-event",
    title: "Deliver the next event twice",
    says: "The event that an execution has ended comes two times. Nobody gets two messages.",
    example: "levels-0",
    as: "requester-1",
    before: "Wait for its end.",
    after: "The event came twice. The outbox has one message about the outcome.",
    next: "outbox",
  },
  {
    kind: SILENCE,
    title: "Stop the warehouse's heartbeats",
    says: "A station that has claimed a job falls silent. The workflow gives the goods to somebody else to pick.",
    example: "parcel",
    as: "warehouse-1",
    place: "#/picking",
    before: "Claim its job.",
    after: "The station has fallen silent. Jump to its next timer: the job counts as lost, and a second one is opened.",
    next: "jump",
  },
];

/** @param {{close: () => void}} props */
export function View({ close }) {
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => heading.current?.focus(), []);
  const [problem, setProblem] = useState(/** @type {Page.Problem | null} */ (null));
  const [busy, setBusy] = useState("");
  const [trial, setTrial] = useState(/** @type {Trial | null} */ (null));
  const faults = useLocal("/local/faults", OFTEN);
  /** @type {Armed | null} */
  const armed = faults.data?.armed ?? null;
  const silent = armed?.kind === SILENCE ? (armed.orderId ?? "any") : "";
  useEffect(() => update({ silent }), [silent]);
  /** One thing at a time, and what goes wrong is said here. @param {string} name @param {() => Promise<unknown>} task */
  const run = async (name, task) => {
    if (busy) return;
    setBusy(name);
    setProblem(null);
    await task().catch((error) => setProblem(problemBehind(error)));
    setBusy("");
  };
  /** @param {KeyboardEvent} event */
  const onKeyDown = (event) => void (event.key === "Escape" && close());
  return html`<aside class="drawer" aria-labelledby="drawer" onKeyDown=${onKeyDown}>
    <div class="topline">
      <h2 id="drawer" ref=${heading} tabindex="-1">Break it</h2>
      <button type="button" class="quiet" aria-label="Close the drawer" onClick=${close}>✕</button>
    </div>
    ${(problem ?? faults.problem) && html`<${Problem} problem=${problem ?? faults.problem} focused=${problem !== null} />`}
    <${Time} busy=${busy} run=${run} />
    <ul class="faults">
      ${FAULTS.map((fault) => html`<${Breakable} key=${fault.kind} fault=${fault} armed=${armed} busy=${busy} run=${run} begin=${setTrial}>
        ${trial?.kind === fault.kind && html`<${Watched} fault=${fault} trial=${trial} fired=${faults.data?.fired ?? []} busy=${busy} run=${run} />`}
      <//>`)}
    </ul>
    <${Broken} fired=${faults.data?.fired ?? []} />
  </aside>`;
}

/** @typedef {{busy: string, run: (name: string, task: () => Promise<unknown>) => void}} Runner */

/** @type {Record<string, string>} */
const TIMERS = {
  "callback-timeout": "until a callback times out",
  "heartbeat-timeout": "until a silence counts as lost",
  wait: "until a wait is over",
  retry: "until a step is tried again",
  "execution-timeout": "until an execution is ended",
};

/** @param {Runner} props */
function Time({ busy, run }) {
  const { data } = useLocal("/local/time", OFTEN);
  /** @type {Timer | null} */
  const next = data?.nextTimer ?? null;
  return html`<section class="time">
    ${next
      ? html`<p><${Countdown} at=${next.at} /> ${TIMERS[next.kind] ?? next.kind}${next.operation && html`${" "}(<code>${next.operation}</code>)`},
          ${" "}order <a href=${orderLink(next.orderId)}><code>${shortId(next.orderId)}</code></a></p>`
      : html`<p class="fine">Nothing waits for time.</p>`}
    ${next && html`<button type="button" aria-disabled=${busy !== ""} onClick=${() => run("jump", () => jump({}))}>Jump to the next timer</button>`}
  </section>`;
}

/** Puts the clock forward to the next timer, of one order or of all. @param {{orderId?: string}} whose */
async function jump(whose) {
  await actLocally("POST", "/local/time/jump", whose);
  announce("The clock was put forward to the next timer.");
}

/** @param {{fault: Fault, armed: Armed | null, begin: (trial: Trial) => void, children: any} & Runner} props */
function Breakable({ fault, armed, busy, run, begin, children }) {
  const isArmed = armed?.kind === fault.kind;
  const toggle = () =>
    run(fault.kind, async () => {
      await (isArmed ? actLocally("DELETE", "/local/faults") : actLocally("POST", "/local/faults", { kind: fault.kind }));
      announce(isArmed ? "Disarmed." : `Armed: ${fault.title.toLowerCase()}.`);
    });
  const attempt = () => run(fault.kind, () => demonstrate(fault, begin));
  return html`<li data-armed=${isArmed}>
    <h3>${fault.title}</h3>
    <p class="fine">${fault.says}</p>
    ${isArmed && html`<p class="armed"><span class="icon" aria-hidden="true">⚡</span>Armed
      ${armed?.orderId ? html` for order <a href=${orderLink(armed.orderId)}><code>${shortId(armed.orderId)}</code></a>` : ", for whichever order comes first"}</p>`}
    ${children}
    <p class="actions">
      <button type="button" class="primary" aria-label=${`Try it on a new order: ${fault.title}`} aria-disabled=${busy !== ""} onClick=${attempt}>
        ${busy === fault.kind ? "Placing…" : "Try it on a new order"}
      </button>
      <button type="button" aria-label=${`${isArmed ? "Disarm" : "Arm"}: ${fault.title}`} onClick=${toggle}>${isArmed ? "Disarm" : "Arm"}</button>
    </p>
  </li>`;
}

/** What to do, or what to see, with an order that was placed to be hit. @param {{fault: Fault, trial: Trial, fired: Fired[]} & Runner} props */
function Watched({ fault, trial: { orderId }, fired, busy, run }) {
  const jobs = useStore(({ resources }) => resources["/picking"]?.data?.items);
  const claimed = jobs?.some((/** @type {any} */ each) => each.orderId === orderId && (each.state === "claimed" || each.job > 1));
  const hit = claimed || fired.some((each) => each.kind === fault.kind && each.orderId === orderId);
  return html`<p class="then">Order <a href=${orderLink(orderId)}><code>${shortId(orderId)}</code></a>: ${hit ? fault.after : fault.before}</p>
    ${hit && fault.next === "outbox" && html`<p><a href="#/outbox">Open the outbox</a></p>`}
    ${hit && fault.next === "jump" && html`<p><button type="button" aria-disabled=${busy !== ""} onClick=${() => run("jump", () => jump({ orderId }))}>Jump to its next timer</button></p>`}`;
}

/** Places the order on which the fault shows best, arms the fault for it, and goes where it can be watched. @param {Fault} fault @param {(trial: Trial) => void} begin */
async function demonstrate(fault, begin) {
  if (!location.hash.startsWith("#/orders")) location.hash = "#/orders";
  become("requester-1");
  const [catalogue, policy] = [await ask("/catalogue"), await ask("/policy")];
  const example = examples(catalogue.items, policy).find(({ id }) => id === fault.example);
  if (!example) return announce("The catalogue has no order for that.");
  const order = await act("/orders", { ...submission(example.draft, policy.currency), note: fault.title });
  if (fault.midway) await begun(order.orderId);
  await actLocally("POST", "/local/faults", { kind: fault.kind, orderId: order.orderId });
  begin({ kind: fault.kind, orderId: order.orderId });
  become(fault.as);
  location.hash = fault.place ?? orderLink(order.orderId);
  return announce(`${fault.title}: armed for a new order. You are ${fault.as} now.`);
}

/** Until something has been stored that a crash could lose, or for three seconds at most. @param {string} orderId */
async function begun(orderId) {
  for (let waited = 0; waited < 3000; waited += A_MOMENT) {
    const history = await ask(`/orders/${orderId}/execution`).catch(() => null);
    if (history?.invocations.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, A_MOMENT));
  }
}

/** @param {{fired: Fired[]}} props */
function Broken({ fired }) {
  if (fired.length === 0) return html`<p class="fine">Nothing has been broken yet.</p>`;
  return html`<section><h3>What broke</h3>
    <ol class="fired">${fired.map(
      ({ kind, orderId, at, detail }) => html`<li key=${`${at} ${kind}`}>
        <a href=${orderLink(orderId)}>order <code>${shortId(orderId)}</code></a> <${Ago} at=${at} />
        <span class="fine">${detail}</span>
      </li>`,
    )}</ol>
  </section>`;
}
