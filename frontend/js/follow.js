// Follows one order while somebody looks at it.

import { useEffect } from "../vendor/hooks.js";
import { ask, poll, refresh, sinceAction, useHeard } from "./live.js";
import { problemBehind } from "./problems.js";
import { read, useStore } from "./store.js";
import { mergeHistory } from "./timeline/history.js";
import { FINAL_STATES } from "./words.js";

const NOT_STARTED_YET = 1000;
const JUST_ACTED = 5000;
/** From this pause on everything waits for a person: then the order is looked at, and its execution now and then. */
const CALM = 5000;
const CALM_PAUSE = 5500;
const LOOK_CLOSER_EVERY = 12;

/** Follows one order, its audit and its execution, whichever moves. @param {string} orderId */
export function useOrder(orderId) {
  const who = useStore((state) => state.who);
  const path = `/orders/${encodeURIComponent(orderId)}`;
  useEffect(() => poll(follow(path)), [path, who]);
  return { order: useHeard(path), audit: useHeard(`${path}/audit`), execution: useHeard(`${path}/execution`) };
}

/** @param {string} path of the order @returns {() => Promise<number>} */
function follow(path) {
  let [pause, turns] = [0, 0];
  const order = () => read().resources[path]?.data;
  return async () => {
    let changed = sinceAction() < JUST_ACTED;
    if (pause >= CALM && !changed) {
      const before = JSON.stringify(order());
      await refresh(path, () => ask(path));
      changed = JSON.stringify(order()) !== before;
      turns += 1;
      if (!changed && turns % LOOK_CLOSER_EVERY) return pause;
    }
    const { moved, next } = await followExecution(`${path}/execution`);
    if (moved || changed) {
      await refresh(path, () => ask(path));
      await refresh(`${path}/audit`, () => ask(`${path}/audit`));
    }
    pause = next < CALM ? next : FINAL_STATES.has(order()?.status) ? Infinity : CALM_PAUSE;
    return pause;
  };
}

/** Adds what is new to the history in the store. No execution yet is no error: the order was accepted a moment ago. @param {string} path */
async function followExecution(path) {
  const known = read().resources[path]?.data;
  const after = known?.cursor ? `?after=${encodeURIComponent(known.cursor)}` : "";
  let moved = true;
  try {
    await refresh(path, async () => {
      const news = await ask(path + after);
      moved = news !== null;
      return moved ? mergeHistory(known, news) : known;
    });
    return { moved, next: read().resources[path]?.data?.nextPollMs || CALM };
  } catch (error) {
    if (problemBehind(error).status === 404) return { moved, next: NOT_STARTED_YET };
    throw error;
  }
}
