// Idempotency keys that outlive a reload: trying the same request again must never do it twice.

/** @typedef {Pick<Storage, "getItem" | "setItem">} KeyStorage */
/** @typedef {Record<string, {key: string, body: string}>} Keys */

const PLACE = "countersign.keys";

/**
 * The key for this request: the one used before as long as the body is the same, a new one once it differs.
 * @param {KeyStorage} storage
 * @param {string} request who and what: identity, method and path
 * @param {unknown} body
 * @param {() => string} create
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

/**
 * The request was answered for good: the same words sent again are meant as a new request.
 * @param {KeyStorage} storage
 * @param {string} request
 */
export function settle(storage, request) {
  const { [request]: _settled, ...rest } = load(storage);
  storage.setItem(PLACE, JSON.stringify(rest));
}

/** @param {KeyStorage} storage @returns {Keys} */
function load(storage) {
  try {
    return JSON.parse(storage.getItem(PLACE) ?? "{}");
  } catch {
    return {};
  }
}
