// Addresses of views: `#/orders/o123` and back. Pure.

/** @type {Page.Route["view"][]} views whose address is their name */
const SINGLE = ["new", "inbox", "picking", "attention", "outbox"];

/**
 * Reads the fragment of an address. What is not known becomes the view "missing", never an exception.
 * @param {string} hash with or without the leading "#"
 * @returns {Page.Route}
 */
export function parseRoute(hash) {
  const [path = "", search = ""] = hash.replace(/^#/, "").split("?", 2);
  const query = new URLSearchParams(search);
  const parts = path.split("/").filter(Boolean);
  const [place, id] = parts;
  if (parts.length === 0 || (parts.length === 1 && place === "orders")) return { view: "orders", orderId: "", query };
  if (parts.length === 2 && place === "orders" && id) return { view: "order", orderId: decode(id), query };
  if (parts.length === 3 && place === "orders" && id && parts[2] === "history") return { view: "history", orderId: decode(id), query };
  const single = SINGLE.find((view) => view === place);
  if (parts.length === 1 && single) return { view: single, orderId: "", query };
  return { view: "missing", orderId: "", query };
}

/** @param {string} orderId */
export const orderLink = (orderId) => `#/orders/${encodeURIComponent(orderId)}`;

/** @param {string} orderId */
export const historyLink = (orderId) => `${orderLink(orderId)}/history`;

/** @param {string} cursor */
export const inboxLink = (cursor) => (cursor ? `#/inbox?cursor=${encodeURIComponent(cursor)}` : "#/inbox");

/**
 * The address of the list of orders, without the filters that are off.
 * @param {{status?: string, mine?: boolean, cursor?: string}} filters
 */
export function ordersLink({ status = "", mine = false, cursor = "" }) {
  const query = new URLSearchParams({
    ...(status && { status }),
    ...(mine && { mine: "true" }),
    ...(cursor && { cursor }),
  });
  return query.size ? `#/orders?${query}` : "#/orders";
}

/** @param {string} part */
function decode(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
