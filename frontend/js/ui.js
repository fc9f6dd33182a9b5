// The small parts every view is made of. `html` is the only way the page makes elements; text is always text.

import { h } from "../vendor/preact.js";
import { useEffect, useRef, useState } from "../vendor/hooks.js";
import htm from "../vendor/htm.js";
import { serverNow } from "./api.js";
import { isLocal, signIn, wakeAll } from "./live.js";
import { announce } from "./store.js";
import { ago, moment, money, orderState, remaining } from "./words.js";

export const html = htm.bind(h);

/** An icon and a word; the tone only repeats what they say. @param {{label: Page.Label}} props */
export const Chip = ({ label }) =>
  html`<span class="chip" data-tone=${label.tone}><span class="icon" aria-hidden="true">${label.icon}</span>${label.word}</span>`;

/** @param {{status: string}} props */
export const StateChip = ({ status }) => html`<${Chip} label=${orderState(status)} />`;

/** @param {{cents: number, currency: string}} props */
export const Amount = ({ cents, currency }) => html`<span class="amount">${money(cents, currency)}</span>`;

/** The time on the server, drawn again every `every` milliseconds while `running`. @param {number} every */
export function useNow(every, running = true) {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    if (!running) return undefined;
    const timer = setInterval(() => setNow(serverNow()), every);
    return () => clearInterval(timer);
  }, [every, running]);
  return running ? now : serverNow();
}

/** How long ago, the whole moment in its title. @param {{at: string}} props */
export function Ago({ at }) {
  const now = useNow(10_000);
  return html`<time dateTime=${at} title=${moment(at)}>${ago(at, now)}</time>`;
}

/** A countdown for the eye; nothing announces it. @param {{at: string}} props */
export function Countdown({ at }) {
  const now = useNow(1000);
  const left = Date.parse(at) - now;
  return html`<time class="countdown" dateTime=${at} title=${`until ${moment(at)}`} data-soon=${left < 60_000}>
    <span class="icon" aria-hidden="true">◷</span>${remaining(at, now)}
  </time>`;
}

/** What went wrong and what to do about it. @param {{problem: Page.Problem, retry?: boolean, focused?: boolean}} props */
export function Problem({ problem, retry = false, focused = false }) {
  const box = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    if (focused) box.current?.focus();
  }, [problem, focused]);
  return html`<section class="problem" ref=${box} tabindex="-1" data-code=${problem.code}>
    <p class="problem-title"><span class="icon" aria-hidden="true">!</span>${problem.title}</p>
    ${problem.advice && html`<p>${problem.advice}</p>`}
    ${problem.traceId && html`<p class="fine">Trace <code>${problem.traceId}</code></p>`}
    ${problem.status === 401 && !isLocal() && html`<button type="button" onClick=${signIn}>Sign in again</button>`}
    ${retry && html`<button type="button" onClick=${wakeAll}>Try again</button>`}
  </section>`;
}

/** Grey lines where something will be; they show only when it takes longer than a blink. @param {{what: string}} props */
export const Loading = ({ what }) =>
  html`<div class="loading" aria-busy="true"><p>Loading ${what}…</p><i></i><i></i><i></i></div>`;

/** What is known, and what went wrong when it could not be renewed. @param {{resource: Page.Resource, what: string, children: (data: any) => any}} props */
export const Shown = ({ resource: { data, problem }, what, children }) =>
  html`${problem && html`<${Problem} problem=${problem} retry />`} ${data === undefined ? !problem && html`<${Loading} what=${what} />` : children(data)}`;

/** The heading of a view: takes the focus when one arrives there, and names the tab. @param {{title: string, children?: any}} props */
export function Title({ title, children }) {
  const heading = useRef(/** @type {HTMLElement | null} */ (null));
  useEffect(() => {
    document.title = `${title} · Countersign`;
  }, [title]);
  useEffect(() => {
    if (arrivedByLink) heading.current?.focus();
    arrivedByLink = true;
  }, []);
  return html`<h1 ref=${heading} tabindex="-1">${children ?? title}</h1>`;
}

/** The very first view leaves the focus where the browser put it. */
let arrivedByLink = false;

/** After an action whose button is gone, the focus goes to the heading rather than nowhere. */
export const focusTitle = () => document.querySelector("h1")?.focus();

/**
 * A module once its style sheet in styles/ is there, so that nothing is ever shown undressed.
 * @template Module @param {string} sheet @param {Promise<Module>} module
 */
export async function dressed(sheet, module) {
  const href = `styles/${sheet}.css`;
  if (!document.querySelector(`link[href="${href}"]`)) {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
    const loaded = new Promise((resolve) => link.addEventListener("load", resolve));
    link.addEventListener("error", () => link.remove());
    document.head.append(link);
    await Promise.race([loaded, new Promise((resolve) => setTimeout(resolve, 2000))]);
  }
  return module;
}

/** A part that few visits need: the `View` of a module that is fetched when it is first drawn. @param {() => Promise<{View: any}>} load */
export function later(load) {
  /** @type {{View: any} | null} */
  let module = null;
  return (/** @type {any} */ props) => {
    const [, arrive] = useState(module);
    useEffect(() => {
      if (module) return;
      const failed = () => announce("A part of the page could not be fetched. Try again.");
      load().then((loaded) => arrive((module = loaded)), failed);
    }, []);
    return module && html`<${module.View} ...${props} />`;
  };
}
