// Signed in at Cognito: tokens live in this tab and nowhere else. begin.js goes there, this takes up what comes back.

import { send } from "./api.js";
import { RequestFailed, problemOf } from "./problems.js";
import { html } from "./ui.js";

/** @typedef {{clientId: string, domain: string}} Config */
/** @typedef {{accessToken: string, refreshToken: string, until: number, who: string, groups: string[]}} Tokens */

const TOKENS = "countersign.tokens";
const JOURNEY = "countersign.sign-in";
const EARLY = 30_000;

/** Of whoever comes back from Cognito, or is still signed in in this tab; else the browser goes there. @param {Config} config @returns {Promise<Page.Session>} */
export async function createSession(config) {
  const signIn = async () => (await import("./begin.js")).begin(config, JOURNEY);
  let tokens = (await arrival(config)) ?? kept();
  if (!tokens) return signIn();
  const { who, groups } = tokens;
  /** @type {Promise<Tokens> | null} renewals that overlap are one */
  let renewal = null;
  const renew = () => (renewal ??= renewed(config, /** @type {Tokens} */ (tokens)).finally(() => (renewal = null)));
  const signOut = () => {
    sessionStorage.removeItem(TOKENS);
    location.assign(addressOf(config, "logout", { client_id: config.clientId, logout_uri: home() }));
  };
  return {
    local: false,
    Tools: () => html`<p class="inline"><span>${who}</span><button type="button" class="link" onClick=${signOut}>Sign out</button></p>`,
    who: () => who,
    groups: () => groups,
    token: async (fresh = false) => {
      if (fresh || !tokens || tokens.until < Date.now()) tokens = await renew();
      return tokens.accessToken;
    },
    signIn,
  };
}

/** The address Cognito sends people back to: this page without anything behind it. */
export const home = () => location.origin + location.pathname;

/** @param {Config} config @param {string} path @param {Record<string, string>} query */
export const addressOf = ({ domain }, path, query) =>
  `${domain.includes("://") ? domain : `https://${domain}`}/${path}?${new URLSearchParams(query)}`;

/** Takes up what Cognito brought back, if it did; a state that is not ours is not taken up. @param {Config} config @returns {Promise<Tokens | null>} */
async function arrival(config) {
  const query = new URLSearchParams(location.search);
  const [code, error] = [query.get("code"), query.get("error")];
  if (!code && !error) return null;
  const { state, verifier, hash = "" } = JSON.parse(sessionStorage.getItem(JOURNEY) ?? "{}");
  sessionStorage.removeItem(JOURNEY);
  history.replaceState(null, "", home() + hash);
  dispatchEvent(new HashChangeEvent("hashchange"));
  if (error) throw refused(query.get("error_description") ?? error);
  if (!code || !state || query.get("state") !== state) return null;
  return exchange(config, { grant_type: "authorization_code", code, redirect_uri: home(), code_verifier: verifier }, "");
}

/** @param {string} why */
const refused = (why) => new RequestFailed({ ...problemOf(401, null), title: "Signing in did not work", advice: `${why}. Reload the page to try again.` });

/** @param {Config} config @param {Tokens} tokens @returns {Promise<Tokens>} */
async function renewed(config, { refreshToken }) {
  try {
    return await exchange(config, { grant_type: "refresh_token", refresh_token: refreshToken }, refreshToken);
  } catch (error) {
    if (!(error instanceof RequestFailed) || error.problem.status !== 400) throw error;
    sessionStorage.removeItem(TOKENS);
    throw new RequestFailed(problemOf(401, null));
  }
}

/** @param {Config} config @param {Record<string, string>} grant @param {string} refreshToken the one to keep when no other comes @returns {Promise<Tokens>} */
async function exchange(config, grant, refreshToken) {
  const body = new URLSearchParams({ ...grant, client_id: config.clientId });
  const { data } = await send(addressOf(config, "oauth2/token", {}), { method: "POST", body });
  const { username, "cognito:groups": groups = [] } = claimsOf(data.access_token);
  const until = Date.now() + data.expires_in * 1000 - EARLY;
  const tokens = { accessToken: data.access_token, refreshToken: data.refresh_token ?? refreshToken, until, who: username, groups };
  sessionStorage.setItem(TOKENS, JSON.stringify(tokens));
  return tokens;
}

/** @returns {Tokens | null} */
function kept() {
  try {
    return JSON.parse(sessionStorage.getItem(TOKENS) ?? "null");
  } catch {
    return null;
  }
}

/** What the token says, to name the person and to leave out what they cannot use. The API judges for itself. @param {string} token */
function claimsOf(token) {
  const middle = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
  const bytes = Uint8Array.from(atob(middle), (letter) => letter.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}
