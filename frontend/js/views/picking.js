// A warehouse station: what is to be picked. As long as this view is open, it beats for the jobs it has claimed.

import { useEffect, useState } from "../../vendor/hooks.js";
import { act, beat } from "../act.js";
import { serverNow } from "../api.js";
import { useResource } from "../live.js";
import { problemBehind } from "../problems.js";
import { announce, useStore } from "../store.js";
import { Ago, Chip, Countdown, Problem, Shown, Title, html, later } from "../ui.js";
import { counted, shortId } from "../words.js";

/** @typedef {{orderId: string, job: number, state: string, claimedBy: string | null, openedAt: string, claimDeadline: string, lostAt: string | null, beats: number, lines: {sku: string, name?: string, quantity: number}[]}} Job */

const ReasonDialog = later(() => import("../reason.js"));
const OFTEN = 5500;
const FASTEST = 1000;
const SLOWEST = 30_000;
const LINES_SHOWN = 20;

/** @type {Record<string, Page.Label>} */
const JOB_STATES = {
  open: { icon: "…", word: "To be claimed", tone: "waiting" },
  claimed: { icon: "♥", word: "Claimed", tone: "active" },
  picked: { icon: "✓", word: "Picked", tone: "good" },
  failed: { icon: "✕", word: "Cannot be picked", tone: "bad" },
  lost: { icon: "–", word: "Lost", tone: "bad" },
  unclaimed: { icon: "◷", word: "Not claimed", tone: "quiet" },
};

export const View = () => html`<${Title} title="Warehouse station" />
  <${Shown} resource=${useResource("/picking", OFTEN)} what="what is to be picked">
    ${(/** @type {any} */ { items }) =>
      items.length === 0
        ? html`<div class="empty hero"><p class="hero-line">Nothing to pick.</p>
            <p>Orders with physical goods come here once they are paid. Claim one, and this station beats for it until it is picked.</p></div>`
        : html`<ul class="inbox">${items.map((/** @type {Job} */ job) => html`<${Card} key=${`${job.orderId} ${job.job}`} job=${job} />`)}</ul>`}
  <//>`;

/** @param {Job} job */
const pathOf = ({ orderId }) => `/orders/${encodeURIComponent(orderId)}/picking`;

/** @param {{job: Job}} props */
function Card({ job }) {
  const who = useStore((state) => state.who);
  const mine = job.state === "claimed" && job.claimedBy === who;
  const [problem, setProblem] = useState(/** @type {Page.Problem | null} */ (null));
  useBeats(job, mine, setProblem);
  /** @param {() => Promise<unknown>} task @param {string} told */
  const run = async (task, told) => {
    setProblem(null);
    await task().then(() => announce(told), (error) => setProblem(problemBehind(error)));
  };
  const claim = () => run(() => act(`${pathOf(job)}/heartbeat`, { job: job.job }), "The job is yours. This station beats for it.");
  const picked = () => run(() => act(`${pathOf(job)}/result`, { job: job.job, outcome: "picked" }), "Picked.");
  return html`<li class="card job" data-mine=${mine}>
    <h2>Order <code>${shortId(job.orderId)}</code></h2>
    <p class="fine">${job.job > 1 ? `job ${job.job}, ` : ""}opened <${Ago} at=${job.openedAt} /></p>
    <${Goods} lines=${job.lines} />
    ${problem && html`<${Problem} problem=${problem} />`}
    <${Standing} job=${job} mine=${mine} />
    ${job.state === "open" && html`<p class="actions"><button type="button" class="primary" onClick=${claim}>Claim</button></p>`}
    ${mine && html`<p class="actions"><button type="button" class="primary" onClick=${picked}>Picked</button><${Failed} job=${job} /></p>`}
  </li>`;
}

/** @param {{job: Job, mine: boolean}} props */
const Standing = ({ job, mine }) => html`<p>
  <${Chip} label=${JOB_STATES[job.state]} />${" "}
  ${job.state === "open" && html`<${Countdown} at=${job.claimDeadline} /> to claim it`}
  ${job.state === "claimed" && html`by ${mine ? "this station" : job.claimedBy}, ${counted(job.beats, "beat")}`}
  ${job.state === "claimed" && job.lostAt && html`, <${Countdown} at=${job.lostAt} /> without another`}
</p>`;

/** @param {{lines: Job["lines"]}} props */
const Goods = ({ lines }) => html`<ul class="pick">
  ${lines.slice(0, LINES_SHOWN).map(({ sku, name, quantity }) => html`<li><strong class="number">${quantity.toLocaleString("en-IE")} ×</strong> <span>${name ?? sku}</span> <code>${sku}</code></li>`)}
  ${lines.length > LINES_SHOWN && html`<li class="fine">and ${counted(lines.length - LINES_SHOWN, "line")} more</li>`}
</ul>`;

/** @param {{job: Job}} props */
function Failed({ job }) {
  const [open, setOpen] = useState(false);
  const close = () => setOpen(false);
  /** @param {string} reason */
  const send = async (reason) => {
    await act(`${pathOf(job)}/result`, { job: job.job, outcome: "failed", reason });
    close();
    announce("Told: it could not be picked.");
  };
  const question = { title: "It cannot be picked?", confirm: "It cannot be picked", label: "Reason", needsReason: true, missing: "Say why: somebody else may try.", tone: "danger" };
  return html`<button type="button" class="danger" onClick=${() => setOpen(true)}>Cannot be picked</button>
    ${open && html`<${ReasonDialog} question=${question} about=${`fail ${job.orderId} ${job.job}`} stake=${html`Order <code>${shortId(job.orderId)}</code>`} send=${send} close=${close} />`}`;
}

/**
 * Three beats in the time after which silence counts as lost. A station beats whether or not somebody looks at its tab.
 * @param {Job} job
 * @param {boolean} mine
 * @param {(problem: Page.Problem) => void} failed
 */
function useBeats(job, mine, failed) {
  const silent = useStore((state) => job.job === 1 && [job.orderId, "any"].includes(state.silent));
  useEffect(() => {
    if (!mine || silent) return undefined;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    let until = job.lostAt;
    const schedule = () => {
      const third = (Date.parse(until ?? "") - serverNow()) / 3 || FASTEST;
      timer = setTimeout(turn, Math.min(SLOWEST, Math.max(FASTEST, third)));
    };
    const turn = async () => {
      const answer = await beat(`${pathOf(job)}/heartbeat`, { job: job.job }).catch((error) => failed(problemBehind(error)));
      until = answer?.lostAt ?? until;
      schedule();
    };
    schedule();
    return () => clearTimeout(timer);
  }, [job.orderId, job.job, mine, silent]);
}
