// The idempotency key of each request that is under way. It outlives a reload: to try again must never do it twice. Pure.

const PLACE = "countersign.keys";

/** @typedef {Pick<Storage, "getItem" | "setItem">} Keys */

/**
 * The key for a request, named by identity, method and path: the one used before as long as the body is the same.
 * @param {Keys} storage @param {string} request @param {unknown} body
 */
export function keyFor(storage, request, body, create = () => crypto.randomUUID()) {
  const keys = load(storage);
  const text = JSON.stringify(body);
  const known = keys[request];
  if (known?.body === text) return known.key;
  const key = create();
  storage.setItem(PLACE, JSON.stringify({ ...keys, [request]: { key, body: text } }));
  return key;
}

/** The request was answered for good: the same words sent again are meant as a new one. @param {Keys} storage @param {string} request */
export function settle(storage, request) {
  const { [request]: _settled, ...rest } = load(storage);
  storage.setItem(PLACE, JSON.stringify(rest));
}

/** @param {Keys} storage @returns {Record<string, {key: string, body: string}>} */
function load(storage) {
  try {
    return JSON.parse(storage.getItem(PLACE) ?? "{}");
  } catch {
    return {};
  }
}
