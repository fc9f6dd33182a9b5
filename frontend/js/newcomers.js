// A list that somebody reads stays where it is: what is new waits until it is asked for.

import { useEffect, useState } from "../vendor/hooks.js";
import { html } from "./ui.js";

/** What may be shown of a list, and how many wait for it. @param {any[]} items @param {(item: any) => string} identify */
export function useAdmitted(items, identify) {
  const [admitted, setAdmitted] = useState(() => new Set(items.map(identify)));
  const shown = items.filter((item) => admitted.has(identify(item)));
  const waiting = items.length - shown.length;
  const admit = () => setAdmitted(new Set(items.map(identify)));
  useEffect(() => {
    if (shown.length === 0 && waiting > 0) admit();
  }, [items]);
  return { shown, waiting, admit };
}

/** How many wait to be shown. @param {{waiting: number, admit: () => void}} props */
export const Newcomers = ({ waiting, admit }) =>
  waiting > 0 && html`<button type="button" class="newcomers" onClick=${admit}>${waiting} new. Show</button>`;
