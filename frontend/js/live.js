// Keeps what the page shows true: polls while somebody looks, backs off while it fails, hurries after this person acted.

import { useEffect } from "../vendor/hooks.js";
import { getPlain, sendPlain } from "./api.js";
import { nextDelay } from "./cadence.js";
import { mergeHistory } from "./timeline/history.js";
import { problemBehind } from "./problems.js";
import { read, remember, update, useStore } from "./store.js";

/** @typedef {import("./api.js").Api} Api */
/** @typedef {import("./session.js").Session} Session */

const LIST_EVERY = 10_000;
const NOT_STARTED_YET = 1000;
const ORDER_AT_LEAST_EVERY = 30_000;
const JUST_ACTED = 5000;

/** @type {Api} */
let api;
/** @type {Session} */
let session;
let actedAt = -Infinity;

/** @type {Set<() => void>} one per running poll: asks at once */
const wakers = new Set();
/** @type {Set<object>} polls whose last request found no working server */
const failing = new Set();

/**
 * Hands over the two things every request needs. Called once, before the first view is drawn.
 * @param {Api} theApi
 * @param {Session} theSession
 */
export function connect(theApi, theSession) {
  api = theApi;
  session = theSession;
  update({ who: session.who() });
}

export const people = () => session.people;

/** Whether this is a stack on somebody's own machine, which has more to show. */
export const isLocal = () => session.local;

/** The groups of the person who uses this tab. */
export const groups = () => session.groups();

/** From now on somebody else uses this tab: nothing the last person saw may stay. @param {string} name */
export function become(name) {
  session.become(name);
  update({ who: name, resources: {} });
}

/**
 * Does something on the server, then looks at once and for a while often. Throws RequestFailed.
 * @param {string} path
 * @param {unknown} body
 */
export async function act(path, body) {
  try {
    return await api.post(path, body);
  } finally {
    hurry();
  }
}

/** As `act`, on what only the local stack has. @param {"POST" | "DELETE"} method @param {string} path @param {unknown} [body] */
export async function actLocally(method, path, body = {}) {
  try {
    return await sendPlain(method, path, body);
  } finally {
    hurry();
  }
}

function hurry() {
  actedAt = Date.now();
  for (const wake of [...wakers]) wake();
}

/** Asks once, for an action that needs to know something first. @param {string} path @returns {Promise<any>} */
export const ask = (path) => api.get(path);

/**
 * Runs `task` again and again. It answers how many milliseconds to leave between two turns, Infinity for no more.
 * @param {() => Promise<number>} task
 * @returns {() => void} stops it
 */
function poll(task) {
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
    const sinceAction = Date.now() - actedAt;
    const delay = nextDelay({ hidden: document.hidden, failures, retryAfter, sinceAction, steady });
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
async function refresh(path, ask) {
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

/** @type {import("./store.js").Resource} */
const NOTHING_YET = { data: undefined, problem: null };

/** @param {string} path @returns {import("./store.js").Resource} */
export const useHeard = (path) => useStore((state) => state.resources[path] ?? NOTHING_YET);

/**
 * What a path answers, asked again every `every` milliseconds (Infinity: asked once).
 * @param {string} path
 * @param {number} every
 * @returns {import("./store.js").Resource}
 */
export function useResource(path, every = LIST_EVERY) {
  const who = useStore((state) => state.who);
  useEffect(() => poll(() => refresh(path, () => api.get(path)).then(() => every)), [path, who, every]);
  return useHeard(path);
}

/** As `useResource`, of what only the local stack has. @param {string} path @param {number} every */
export function useLocal(path, every) {
  useEffect(() => poll(() => refresh(path, () => getPlain(path)).then(() => every)), [path, every]);
  return useHeard(path);
}

/**
 * Follows one order: its execution as often as the server suggests, and the order and its audit whenever that moved.
 * @param {string} orderId
 */
export function useOrder(orderId) {
  const who = useStore((state) => state.who);
  const path = `/orders/${encodeURIComponent(orderId)}`;
  useEffect(() => poll(followOrder(path)), [path, who]);
  return { order: useHeard(path), audit: useHeard(`${path}/audit`), execution: useHeard(`${path}/execution`) };
}

/**
 * @param {string} path of the order
 * @returns {() => Promise<number>}
 */
function followOrder(path) {
  let lookedAt = -Infinity;
  return async () => {
    const { moved, pause } = await followExecution(`${path}/execution`);
    const due = Date.now() - lookedAt > ORDER_AT_LEAST_EVERY || Date.now() - actedAt < JUST_ACTED;
    if (moved || due) {
      await refresh(path, () => api.get(path));
      await refresh(`${path}/audit`, () => api.get(`${path}/audit`));
      lookedAt = Date.now();
    }
    return pause;
  };
}

/**
 * Adds what is new to the history in the store. No execution yet is not an error: the order was accepted a moment ago.
 * @param {string} path
 * @returns {Promise<{moved: boolean, pause: number}>}
 */
async function followExecution(path) {
  const known = read().resources[path]?.data;
  const after = known?.cursor ? `?after=${encodeURIComponent(known.cursor)}` : "";
  let moved = true;
  try {
    await refresh(path, async () => {
      const news = await api.getIfNew(path + after);
      moved = news !== null;
      return moved ? mergeHistory(known, news) : known;
    });
    return { moved, pause: read().resources[path]?.data?.nextPollMs || Infinity };
  } catch (error) {
    if (problemBehind(error).status === 404) return { moved, pause: NOT_STARTED_YET };
    throw error;
  }
}
