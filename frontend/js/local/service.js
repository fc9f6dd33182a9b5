// Asking what only the local stack answers: its faults, its clock, its outbox.

import { useEffect } from "../../vendor/hooks.js";
import { getPlain, send } from "../api.js";
import { hurry, poll, refresh, useHeard } from "../live.js";

/** As `act`, on what only the local stack has. @param {"POST" | "DELETE"} method @param {string} path @param {unknown} [body] */
export async function actLocally(method, path, body = {}) {
  try {
    const headers = { "Content-Type": "application/json" };
    return (await send(path, { method, cache: "no-store", headers, body: JSON.stringify(body) })).data;
  } finally {
    hurry();
  }
}

/** As `useResource`, of what only the local stack has. @param {string} path @param {number} every */
export function useLocal(path, every) {
  useEffect(() => poll(() => refresh(path, () => getPlain(path)).then(() => every)), [path, every]);
  return useHeard(path);
}
