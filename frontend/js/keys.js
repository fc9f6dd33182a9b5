// The idempotency key of each request without a definite answer. It outlives a reload, so that trying again never does it
// twice. A request is known by the hash of its words: no text stays behind, and two tabs never overwrite each other. Pure.

const PLACE = "countersign.key.";
/** As long as the server remembers a key. */
const KEPT_MS = 24 * 60 * 60 * 1000;

/** @typedef {import("./storage.js").Keeper} Keeper */

/**
 * The key for a request: the one used before, until the request is settled or a day has passed.
 * @param {Keeper} keeper @param {string} request who sends what where, and the body
 * @returns {Promise<{key: string, settle: () => void}>} `settle` when it was answered: the same words are then a new request
 */
export async function keyFor(keeper, request, now = Date.now(), create = () => crypto.randomUUID()) {
  forgetOld(keeper, now);
  const name = PLACE + (await hash(request));
  const kept = parse(keeper.getItem(name));
  const key = kept?.key ?? create();
  keeper.setItem(name, JSON.stringify({ key, until: now + KEPT_MS }));
  return { key, settle: () => keeper.removeItem(name) };
}

/** @param {Keeper} keeper @param {number} now */
function forgetOld(keeper, now) {
  for (const name of keeper.names().filter((each) => each.startsWith(PLACE))) {
    if (!(Number(parse(keeper.getItem(name))?.until) > now)) keeper.removeItem(name);
  }
}

/** @param {string | null} text @returns {{key?: string, until?: number} | null} */
function parse(text) {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}

/** @param {string} text */
async function hash(text) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest).slice(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
