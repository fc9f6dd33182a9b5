// Being anybody: the development issuer hands out a token for each of its identities, and the header a choice of them.

import { useState } from "../../vendor/hooks.js";
import { getPlain } from "../api.js";
import { announce, update, useStore } from "../store.js";
import { dressed, html, later } from "../ui.js";

const PLACE = "countersign.identity";
const EARLY = 30_000;

/** @type {{username: string, groups: string[]}[]} */
let people = [];
let who = "";

/** The choice is per tab: two tabs can be two people. @param {{identities: typeof people}} config @returns {Page.Session} */
export function createSession({ identities }) {
  people = identities;
  const last = sessionStorage.getItem(PLACE);
  who = people.find(({ username }) => username === last)?.username ?? people[0]?.username ?? "";
  /** @type {Map<string, {accessToken: string, until: number}>} */
  const tokens = new Map();
  return {
    local: true,
    Tools,
    who: () => who,
    groups: () => people.find(({ username }) => username === who)?.groups ?? [],
    token: async (fresh = false) => {
      const name = who;
      const known = tokens.get(name);
      if (known && !fresh && known.until > Date.now()) return known.accessToken;
      const { accessToken, expiresIn } = await getPlain(`/local/token?identity=${encodeURIComponent(name)}`);
      tokens.set(name, { accessToken, until: Date.now() + expiresIn * 1000 - EARLY });
      return accessToken;
    },
  };
}

/** From now on somebody else uses this tab: nothing the last person saw may stay. @param {string} name */
export function become(name) {
  who = name;
  sessionStorage.setItem(PLACE, name);
  update({ who, resources: {} });
}

const Tools = () => html`<${BreakIt} /><${Identity} />`;

function Identity() {
  const current = useStore((state) => state.who);
  /** @param {{currentTarget: HTMLSelectElement}} event */
  const choose = ({ currentTarget: { value } }) => {
    become(value);
    announce(`You are ${value} now.`);
  };
  return html`<label class="inline">
    <span>Acting as</span>
    <select value=${current} onChange=${choose}>
      ${people.map(({ username }) => html`<option value=${username}>${username}</option>`)}
    </select>
  </label>`;
}

const Drawer = later(() => dressed("local", import("./drawer.js")));

function BreakIt() {
  const [open, setOpen] = useState(false);
  const close = () => {
    setOpen(false);
    document.getElementById("break-it")?.focus();
  };
  return html`<button type="button" id="break-it" aria-expanded=${open} onClick=${() => setOpen(!open)}>
      <span class="icon" aria-hidden="true">⚡</span>Break it
    </button>
    ${open && html`<${Drawer} close=${close} />`}`;
}
