// The page's one store: what was heard from the server and what the shell shows. Views read it with `useStore`.

import { useEffect, useReducer } from "../vendor/hooks.js";
import { parseRoute } from "./route.js";

/** @type {Page.State} */
let state = {
  route: parseRoute(location.hash),
  who: "",
  resources: {},
  connection: "live",
  silent: "",
  notice: { text: "", serial: 0 },
};

/** @type {Set<() => void>} */
const readers = new Set();

export const read = () => state;

/** @param {Partial<Page.State>} change */
export function update(change) {
  state = { ...state, ...change };
  for (const reader of [...readers]) reader();
}

/** @param {string} path @param {Page.Resource} resource */
export const remember = (path, resource) => update({ resources: { ...state.resources, [path]: resource } });

/** Says something in the live region, also when it is what was said last. @param {string} text */
export const announce = (text) => update({ notice: { text, serial: state.notice.serial + 1 } });

/**
 * One part of the store; the view is drawn again when that part becomes another object or value.
 * @template Part
 * @param {(state: Page.State) => Part} select
 * @returns {Part}
 */
export function useStore(select) {
  const [, redraw] = useReducer((/** @type {number} */ count) => count + 1, 0);
  const part = select(state);
  useEffect(() => {
    const reader = () => select(state) !== part && redraw(undefined);
    reader();
    readers.add(reader);
    return () => void readers.delete(reader);
  });
  return part;
}

addEventListener("hashchange", () => update({ route: parseRoute(location.hash) }));
