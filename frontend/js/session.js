// Who is using the page: types.d.ts says what every session can do.

import { getPlain } from "./api.js";

const PLACE = "countersign.identity";
const EARLY = 30_000;

/**
 * The session that config.json asks for.
 * @param {any} config
 * @returns {Promise<Page.Session>}
 */
export async function createSession(config) {
  if (config.mode === "local") return localSession(config.identities ?? []);
  const { cognitoSession } = await import("./signin.js");
  return cognitoSession(config);
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
