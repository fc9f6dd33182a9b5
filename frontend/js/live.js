// Keeps what the page shows true: polls while somebody looks, backs off while it fails, hurries after this person acted.

import { useEffect, useState } from "../vendor/hooks.js";
import { nextDelay } from "./cadence.js";
import { problemBehind } from "./problems.js";
import { read, remember, update, useStore } from "./store.js";

/** @typedef {import("./api.js").Api} Api */

const LIST_EVERY = 10_000;

/** @type {Api} */
let api;
/** @type {Page.Session} */
let session;
let actedAt = -Infinity;

/** @type {Set<() => void>} one per running poll: asks at once */
const wakers = new Set();
/** @type {Set<object>} polls whose last request found no working server */
const failing = new Set();

/** Hands over the two things every request needs, before the first view is drawn. @param {Api} theApi @param {Page.Session} theSession */
export function connect(theApi, theSession) {
  api = theApi;
  session = theSession;
  update({ who: session.who() });
}

export const people = () => session.people;

/** Whether this is a stack on somebody's own machine, which has more to show. */
export const isLocal = () => session?.local ?? true;

export const signIn = () => session.signIn?.();
export const signOut = () => session.signOut?.();

/** The groups of the person who uses this tab. */
export const groups = () => session.groups();

/** From now on somebody else uses this tab: nothing the last person saw may stay. @param {string} name */
export function become(name) {
  session.become(name);
  update({ who: name, resources: {} });
}

/** Does something on the server, then looks at once and for a while often. Throws RequestFailed. @param {string} path @param {unknown} body */
export async function act(path, body) {
  try {
    return await api.post(path, body);
  } finally {
    hurry();
  }
}

/** Everything that polls looks at once, and for a while often. */
export function hurry() {
  actedAt = Date.now();
  for (const wake of [...wakers]) wake();
}

/** A sign of life: nothing that the page shows has to be looked at again. @param {string} path @param {unknown} body */
export const beat = (path, body) => api.post(path, body);

/** Asks once, for whoever needs to know something now. @param {string} path @returns {Promise<any>} */
export const ask = (path) => api.get(path);

/** As `ask`; null when nothing is new. @param {string} path @returns {Promise<any>} */
export const askIfNew = (path) => api.getIfNew(path);

/** Milliseconds since this person last did something. */
export const sinceAction = () => Date.now() - actedAt;

/**
 * Runs `task` again and again. It answers how many milliseconds to leave between two turns, Infinity for no more.
 * @param {() => Promise<number>} task
 * @returns {() => void} stops it
 */
export function poll(task) {
  const self = {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;
  let failures = 0;
  /** @type {number | null} */
  let retryAfter = null;
  let steady = LIST_EVERY;
  let stopped = false;
  let busy = false;
  let wanted = false;

  async function turn() {
    clearTimeout(timer);
    wanted = busy;
    if (busy) return;
    busy = true;
    try {
      steady = await task();
      failures = 0;
    } catch (error) {
      failures += 1;
      const problem = problemBehind(error);
      retryAfter = problem.retryAfter;
      note(self, problem.status === 0 || problem.status === 429 || problem.status >= 500);
    }
    busy = false;
    if (failures === 0) note(self, false);
    if (!stopped) schedule();
  }

  function schedule() {
    const delay = nextDelay({ hidden: document.hidden, failures, retryAfter, sinceAction: sinceAction(), steady });
    if (wanted) void turn();
    else if (delay !== null) timer = setTimeout(turn, delay);
  }

  const wake = () => void (document.hidden ? clearTimeout(timer) : turn());
  wakers.add(wake);
  void turn();
  return () => {
    stopped = true;
    clearTimeout(timer);
    wakers.delete(wake);
    note(self, false);
  };
}

/** @param {object} poller @param {boolean} fails */
function note(poller, fails) {
  if (fails) failing.add(poller);
  else failing.delete(poller);
  const connection = document.hidden ? "paused" : !navigator.onLine ? "offline" : failing.size ? "reconnecting" : "live";
  if (connection !== read().connection) update({ connection });
}

for (const event of ["online", "offline"]) addEventListener(event, wakeAll);
document.addEventListener("visibilitychange", wakeAll);

function wakeAll() {
  note({}, false);
  for (const wake of [...wakers]) wake();
}

/** Everything that polls looks at once: for "Try again". */
export const retryNow = wakeAll;

/**
 * Asks for one path and puts the answer, or what went wrong beside the last answer, into the store.
 * An answer that arrives after the tab changed hands is dropped.
 * @param {string} path
 * @param {() => Promise<any>} ask
 */
export async function refresh(path, ask) {
  const { who } = read();
  try {
    const data = await ask();
    if (read().who === who) remember(path, { data, problem: null });
  } catch (error) {
    const problem = problemBehind(error);
    if (read().who === who) remember(path, { data: read().resources[path]?.data, problem });
    throw error;
  }
}

/** @type {Page.Resource} */
const NOTHING_YET = { data: undefined, problem: null };

/** @param {string} path @returns {Page.Resource} */
export const useHeard = (path) => useStore((state) => state.resources[path] ?? NOTHING_YET);

/**
 * What a path answers, asked again every `every` milliseconds (Infinity: asked once).
 * @param {string} path
 * @param {number} every
 * @returns {Page.Resource}
 */
export function useResource(path, every = LIST_EVERY) {
  const who = useStore((state) => state.who);
  useEffect(() => poll(() => refresh(path, () => api.get(path)).then(() => every)), [path, who, every]);
  return useHeard(path);
}

/**
 * A list that somebody reads stays where it is: what is new waits until it is asked for.
 * @param {any[]} items
 * @param {(item: any) => string} identify
 * @returns {{shown: any[], waiting: number, admit: () => void}}
 */
export function useAdmitted(items, identify) {
  const [admitted, setAdmitted] = useState(() => new Set(items.map(identify)));
  const shown = items.filter((item) => admitted.has(identify(item)));
  const waiting = items.length - shown.length;
  const admit = () => setAdmitted(new Set(items.map(identify)));
  useEffect(() => {
    if (shown.length === 0 && waiting > 0) admit();
  }, [items]);
  return { shown, waiting, admit };
}
