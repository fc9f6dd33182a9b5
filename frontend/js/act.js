// Doing something on the server: once, however often it has to be sent.

import { keyFor, settle } from "./keys.js";
import { hurry, post } from "./live.js";
import { advised } from "./refusals.js";
import { read } from "./store.js";

/** Does it, then everything looks at once, and for a while often. Throws RequestFailed. @param {string} path @param {unknown} body */
export async function act(path, body) {
  try {
    return await beat(path, body);
  } finally {
    hurry();
  }
}

/** As `act`, but nothing has to be looked at again: a sign of life. @param {string} path @param {unknown} body */
export async function beat(path, body) {
  const name = `${read().who} POST ${path}`;
  try {
    const answer = await post(path, body, keyFor(localStorage, name, body));
    settle(localStorage, name);
    return answer;
  } catch (error) {
    throw advised(error);
  }
}
