// Where a person was in a view: Back and Forward return to the same scroll position and to the link that was followed.

/** @type {Map<number, {top: number, href: string}>} by the number of the history entry */
const left = new Map();
let here = 0;
let entries = 0;

/** On arrival in a view: where the person was when they left it, if they come back. */
export function arrive() {
  const known = history.state?.entry;
  here = known ?? (entries = Math.max(entries, here) + 1);
  if (known === undefined) history.replaceState({ ...history.state, entry: here }, "");
  return left.get(here);
}

/** @param {{top: number, href: string}} place */
export function goBackTo({ top, href }) {
  scrollTo({ top });
  const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("main a[href]"));
  [...links].find((link) => link.getAttribute("href") === href)?.focus({ preventScroll: true });
}

addEventListener(
  "click",
  ({ target }) => {
    const href = target instanceof Element && target.closest("a[href]")?.getAttribute("href");
    if (href) left.set(here, { top: scrollY, href });
  },
  { capture: true },
);
