// The page's only `fetch`. Answers are data, failures are RequestFailed, and a POST carries its idempotency key, which
// outlives a reload: trying the same request again must never do it twice.

import { RequestFailed, problemOf } from "./problems.js";

const PATIENCE = 20_000;
const PLACE = "countersign.keys";

/** What the server's clock shows, less what ours shows, in milliseconds. Small differences are just the network. */
let clockOffset = 0;

/** The time on the server, near enough for countdowns. */
export const serverNow = () => Date.now() + clockOffset;

/**
 * @param {string} url
 * @param {RequestInit} options
 * @returns {Promise<Page.Answer>}
 */
async function send(url, options) {
  const response = await fetch(url, { ...options, signal: AbortSignal.timeout(PATIENCE) }).catch(() => null);
  if (!response) throw new RequestFailed(problemOf(0, null));
  noteClock(response.headers.get("Date"));
  const data = await response.json().catch(() => null);
  if (response.ok || response.status === 304) return { status: response.status, data, headers: response.headers };
  throw new RequestFailed(problemOf(response.status, data, response.headers.get("Retry-After")));
}

/** @param {string | null} date */
function noteClock(date) {
  const difference = Date.parse(date ?? "") + 500 - Date.now();
  if (Number.isFinite(difference)) clockOffset = Math.abs(difference) > 2000 ? difference : 0;
}

/** A file beside the page, or what only the local stack has: no token goes there. @param {string} url */
export const getPlain = async (url) => (await send(url, { cache: "no-store" })).data;

/** @param {"POST" | "DELETE"} method @param {string} url @param {unknown} body */
export const sendPlain = async (method, url, body) =>
  (await send(url, { method, cache: "no-store", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) })).data;

/** A form, for where tokens come from. @param {string} url @param {Record<string, string>} fields @returns {Promise<any>} */
export const postForm = async (url, fields) => (await send(url, { method: "POST", body: new URLSearchParams(fields) })).data;

/**
 * The approval API as one person sees it.
 * @param {string} base
 * @param {Page.Bearer} bearer
 */
export function createApi(base, bearer) {
  /** @param {string} path @param {RequestInit} options @returns {Promise<Page.Answer>} */
  const withToken = async (path, options, fresh = false) => {
    const headers = { ...options.headers, Authorization: `Bearer ${await bearer.token(fresh)}` };
    return send(base + path, { ...options, headers, cache: "no-store" });
  };
  /** A token may run out between two requests: once, a refusal is answered with a fresh one. @param {string} path @param {RequestInit} options */
  const request = (path, options) =>
    withToken(path, options).catch((error) => {
      if (error instanceof RequestFailed && error.problem.status === 401) return withToken(path, options, true);
      throw error;
    });
  return {
    /** @param {string} path @returns {Promise<any>} */
    get: async (path) => (await request(path, {})).data,
    /** Null means that nothing is new. @param {string} path @returns {Promise<any>} */
    getIfNew: async (path) => {
      const answer = await request(path, {});
      return answer.status === 304 ? null : answer.data;
    },
    /** @param {string} path @param {unknown} body @returns {Promise<any>} */
    post: async (path, body) => {
      const name = `${bearer.who()} POST ${path}`;
      const key = keyFor(localStorage, name, body);
      const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
      const answer = await request(path, { method: "POST", headers, body: JSON.stringify(body) });
      settle(localStorage, name);
      return answer.data;
    },
  };
}

/**
 * The key for this request: the one used before as long as the body is the same, a new one once it differs.
 * @param {Pick<Storage, "getItem" | "setItem">} storage
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
 * @param {Pick<Storage, "getItem" | "setItem">} storage
 * @param {string} request
 */
export function settle(storage, request) {
  const { [request]: _settled, ...rest } = load(storage);
  storage.setItem(PLACE, JSON.stringify(rest));
}

/** @param {Pick<Storage, "getItem" | "setItem">} storage @returns {Record<string, {key: string, body: string}>} */
function load(storage) {
  try {
    return JSON.parse(storage.getItem(PLACE) ?? "{}");
  } catch {
    return {};
  }
}

/** @typedef {ReturnType<typeof createApi>} Api */
