// When to ask the server again. Pure: what happened goes in, milliseconds come out, null meaning "not until something changes".

const FIRST_RETRY = 1000;
const LONGEST_RETRY = 60_000;
const EAGER_FOR = 5000;

/**
 * @param {Page.Outcome} outcome
 * @param {() => number} random between 0 and 1
 * @returns {number | null}
 */
export function nextDelay({ hidden, failures, retryAfter, sinceAction, steady }, random = Math.random) {
  if (hidden) return null;
  if (failures > 0) return backOff(failures, retryAfter, random);
  const delay = Math.min(steady, afterAction(sinceAction));
  return delay === Infinity ? null : delay;
}

/**
 * Full jitter, so that many pages do not come back at the same instant.
 * @param {number} failures
 * @param {number | null} retryAfter
 * @param {() => number} random
 */
function backOff(failures, retryAfter, random) {
  const ceiling = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** (failures - 1));
  const jittered = Math.max(250, ceiling * random());
  return Math.max(jittered, (retryAfter ?? 0) * 1000);
}

/**
 * People want to see what they just did: soon, then less soon, and after five seconds as usual.
 * @param {number} ms since the action
 */
function afterAction(ms) {
  if (ms < 500) return 250;
  if (ms < 1500) return 500;
  return ms < EAGER_FOR ? 1000 : Infinity;
}
