// Keeps what the page shows true: polls while somebody looks, backs off while it fails, hurries after this person acted.

import { useEffect } from "../vendor/hooks.js";
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

/** Before the first view is drawn. @param {Api} theApi @param {Page.Session} theSession */
export function connect(theApi, theSession) {
  api = theApi;
  session = theSession;
  update({ who: session.who() });
}

/** Whether this is a stack on somebody's own machine, which has more to show. */
export const isLocal = () => session?.local ?? true;

export const signIn = () => session.signIn?.();

/** The groups of the person who uses this tab. */
export const groups = () => session.groups();

/** Everything that polls looks at once, and for a while often. */
export function hurry() {
  actedAt = Date.now();
  wakeAll();
}

/** Asks once, for whoever needs to know something now; null when nothing is new. @param {string} path @returns {Promise<any>} */
export const ask = (path) => api.get(path);

/** Sends once: act.js says how to do something. @param {string} path @param {unknown} body @param {string} key */
export const post = (path, body, key) => api.post(path, body, key);

/** Milliseconds since this person last did something. */
export const sinceAction = () => Date.now() - actedAt;

/** Runs `task` again and again, until stopped: it answers how long to pause, Infinity for ever. @param {() => Promise<number>} task */
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

/** Everything that polls looks at once. */
export function wakeAll() {
  note({}, false);
  for (const wake of [...wakers]) wake();
}


/**
 * Asks for one path and puts the answer, or what went wrong beside the last answer, into the store.
 * An answer that arrives after the tab changed hands is dropped. @param {string} path @param {() => Promise<any>} ask
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

const NOTHING_YET = { data: undefined, problem: null };

/** @param {string} path */
export const useHeard = (path) => useStore(({ resources }) => resources[path] ?? NOTHING_YET);

/** What a path answers, asked again every `every` milliseconds (Infinity: asked once). @param {string} path */
export function useResource(path, every = LIST_EVERY) {
  const who = useStore((state) => state.who);
  useEffect(() => poll(() => refresh(path, () => api.get(path)).then(() => every)), [path, who, every]);
  return useHeard(path);
}
