// Who is using the page. One interface for every way to sign in, so that no view knows which one it is:
// `people` (empty when one cannot choose), `who()`, `groups()`, `become(name)`, `token(fresh)`.

import { getPlain } from "./api.js";
import { RequestFailed, problemOf } from "./problems.js";

const PLACE = "countersign.identity";
const EARLY = 30_000;

/**
 * The session that config.json asks for.
 * @param {{mode: string, identities?: Page.Person[]}} config
 * @returns {Page.Session}
 */
export function createSession(config) {
  if (config.mode === "local") return localSession(config.identities ?? []);
  throw new RequestFailed({
    ...problemOf(500, null),
    title: `This page cannot sign in with "${config.mode}" yet`,
    advice: "Use the local stack for now.",
  });
}

/**
 * The development issuer hands out a token for any of its identities. The choice is per tab: two tabs can be two people.
 * @param {Page.Person[]} people
 * @returns {Page.Session}
 */
function localSession(people) {
  let who = sessionStorage.getItem(PLACE) ?? "";
  if (!people.some((person) => person.username === who)) who = people[0]?.username ?? "";
  /** @type {Map<string, {accessToken: string, until: number}>} */
  const tokens = new Map();
  return {
    local: true,
    people,
    who: () => who,
    groups: () => people.find((person) => person.username === who)?.groups ?? [],
    become: (name) => {
      who = name;
      sessionStorage.setItem(PLACE, name);
    },
    token: async (fresh = false) => {
      const name = who;
      const known = tokens.get(name);
      if (known && !fresh && known.until > Date.now()) return known.accessToken;
      const answer = await getPlain(`/local/token?identity=${encodeURIComponent(name)}`);
      tokens.set(name, { accessToken: answer.accessToken, until: Date.now() + answer.expiresIn * 1000 - EARLY });
      return answer.accessToken;
    },
  };
}
