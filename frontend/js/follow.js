// Follows one order while somebody looks at it.

import { useEffect } from "../vendor/hooks.js";
import { ask, askIfNew, poll, refresh, sinceAction, useHeard } from "./live.js";
import { problemBehind } from "./problems.js";
import { read, useStore } from "./store.js";
import { mergeHistory } from "./timeline/history.js";

const NOT_STARTED_YET = 1000;
const ORDER_AT_LEAST_EVERY = 30_000;
const JUST_ACTED = 5000;

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
    const due = Date.now() - lookedAt > ORDER_AT_LEAST_EVERY || sinceAction() < JUST_ACTED;
    if (moved || due) {
      await refresh(path, () => ask(path));
      await refresh(`${path}/audit`, () => ask(`${path}/audit`));
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
      const news = await askIfNew(path + after);
      moved = news !== null;
      return moved ? mergeHistory(known, news) : known;
    });
    return { moved, pause: read().resources[path]?.data?.nextPollMs || Infinity };
  } catch (error) {
    if (problemBehind(error).status === 404) return { moved, pause: NOT_STARTED_YET };
    throw error;
  }
}
