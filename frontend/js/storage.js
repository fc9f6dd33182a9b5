// What the page keeps in the browser: `tab` until this tab is closed, `device` for every tab. A browser may refuse to keep
// anything, or be full; then memory keeps it until the page is left, so that no action depends on it. Pure but for its callers.

/** @typedef {Pick<Storage, "getItem" | "setItem" | "removeItem"> & {names: () => string[]}} Keeper */

/** @param {() => Storage} open throws where the browser refuses @returns {Keeper} */
export function keeper(open) {
  /** @type {Map<string, string>} what the browser did not take */
  const memory = new Map();
  /** @template Result @param {(storage: Storage) => Result} use @param {Result} otherwise */
  const attempt = (use, otherwise) => {
    try {
      return use(open());
    } catch {
      return otherwise;
    }
  };
  return {
    getItem: (name) => memory.get(name) ?? attempt((storage) => storage.getItem(name), null),
    setItem: (name, text) => {
      const kept = attempt((storage) => (storage.setItem(name, text), true), false);
      if (kept) memory.delete(name);
      else memory.set(name, text);
    },
    removeItem: (name) => {
      memory.delete(name);
      attempt((storage) => storage.removeItem(name), undefined);
    },
    names: () => [...new Set([...memory.keys(), ...attempt(Object.keys, /** @type {string[]} */ ([]))])],
  };
}

export const tab = keeper(() => sessionStorage);
export const device = keeper(() => localStorage);
