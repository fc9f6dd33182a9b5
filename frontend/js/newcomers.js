// A list that somebody reads stays where it is: what is new waits until it is asked for.

import { useEffect, useRef, useState } from "../vendor/hooks.js";
import { useStore } from "./store.js";
import { html } from "./ui.js";

/**
 * What may be shown of a page of a list, and how many new ones wait for it. When the page was full, a row that follows all
 * known ones has moved up from the next page: it is no newcomer and is shown at once.
 * @param {any[]} items @param {(item: any) => string} identify @param {number} size of a full page
 */
export function useAdmitted(items, identify, size) {
  const [admitted, setAdmitted] = useState(() => new Set(items.map(identify)));
  const lastKnown = items.findLastIndex((item) => admitted.has(identify(item)));
  const shown = items.filter((item, index) => admitted.has(identify(item)) || (admitted.size >= size && index > lastKnown));
  const waiting = items.length - shown.length;
  const admit = () => setAdmitted(new Set(items.map(identify)));
  useEffect(() => {
    if (lastKnown < 0 && items.length > 0) admit();
  }, [items]);
  return { shown, waiting, admit };
}

/** How many wait to be shown. @param {{waiting: number, admit: () => void}} props */
export const Newcomers = ({ waiting, admit }) =>
  waiting > 0 && html`<button type="button" class="newcomers" onClick=${admit}>${waiting} new. Show</button>`;

/** The items, and the held one in its place when it has left them. @param {any[]} items @param {(item: any) => string} identify */
export function useHeld(items, identify) {
  const held = useStore((state) => state.held);
  const place = useRef(0);
  const here = useRef("");
  const index = held ? items.findIndex((item) => identify(item) === held.key) : -1;
  if (held && index >= 0) [place.current, here.current] = [index, held.key];
  return held && index < 0 && here.current === held.key ? items.toSpliced(place.current, 0, held.item) : items;
}
