// The page's only `fetch`. Answers are data, failures are RequestFailed.

import { RequestFailed, problemOf } from "./problems.js";

const PATIENCE = 20_000;

/** What the server's clock shows, less what ours shows, in milliseconds. Small differences are just the network. */
let clockOffset = 0;

/** The time on the server, near enough for countdowns. */
export const serverNow = () => Date.now() + clockOffset;

/** @param {string} url @param {RequestInit} options @returns {Promise<Page.Answer>} */
export async function send(url, options) {
  const response = await fetch(url, { ...options, signal: AbortSignal.timeout(PATIENCE) }).catch(() => null);
  if (!response) throw new RequestFailed(problemOf(0, null));
  noteClock(response.headers.get("Date"));
  const data = await response.json().catch(() => null);
  if (response.ok || response.status === 304) return { status: response.status, data };
  throw new RequestFailed(problemOf(response.status, data, response.headers.get("Retry-After")));
}

/** @param {string | null} date */
function noteClock(date) {
  const difference = Date.parse(date ?? "") + 500 - Date.now();
  if (Number.isFinite(difference)) clockOffset = Math.abs(difference) > 2000 ? difference : 0;
}

/** A file beside the page, or what only the local stack has: no token goes there. @param {string} url */
export const getPlain = async (url) => (await send(url, { cache: "no-store" })).data;

/** The approval API as one person sees it. @param {string} base @param {Page.Bearer} bearer */
export function createApi(base, bearer) {
  /** @param {string} path @param {RequestInit} options */
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
    /** Null means that nothing is new. @param {string} path @returns {Promise<any>} */
    get: async (path) => {
      const { status, data } = await request(path, {});
      return status === 304 ? null : data;
    },
    /** @param {string} path @param {unknown} body @param {string} key the same for what must not be done twice @returns {Promise<any>} */
    post: async (path, body, key) => {
      const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
      return (await request(path, { method: "POST", headers, body: JSON.stringify(body) })).data;
    },
  };
}

/** @typedef {ReturnType<typeof createApi>} Api */
