// Signing in at Cognito: authorization code with PKCE, by its hosted page. Tokens live in this tab and nowhere else.

import { postForm } from "./api.js";
import { RequestFailed, problemOf } from "./problems.js";

/** @typedef {{clientId: string, domain: string}} Config */
/** @typedef {{accessToken: string, refreshToken: string, until: number, who: string, groups: string[]}} Tokens */

const TOKENS = "countersign.tokens";
const JOURNEY = "countersign.sign-in";
const SCOPE = "openid aws.cognito.signin.user.admin";
const EARLY = 30_000;

/**
 * The session of whoever comes back from Cognito, or is still signed in in this tab; otherwise the browser goes there.
 * @param {Config} config
 * @returns {Promise<Page.Session>}
 */
export async function cognitoSession(config) {
  let tokens = (await arrival(config)) ?? kept();
  if (!tokens) return leave(config);
  /** @type {Promise<Tokens> | null} renewals that overlap are one */
  let renewal = null;
  const renew = () => {
    renewal ??= renewed(config, /** @type {Tokens} */ (tokens)).finally(() => (renewal = null));
    return renewal;
  };
  return {
    local: false,
    people: [],
    who: () => tokens?.who ?? "",
    groups: () => tokens?.groups ?? [],
    become: () => {},
    token: async (fresh = false) => {
      if (fresh || !tokens || tokens.until < Date.now()) tokens = await renew();
      return tokens.accessToken;
    },
    signIn: () => leave(config),
    signOut: () => {
      sessionStorage.removeItem(TOKENS);
      location.assign(addressOf(config, "/logout", { client_id: config.clientId, logout_uri: home() }));
    },
  };
}

/** The address Cognito sends people back to: this page without anything behind it. */
const home = () => location.origin + location.pathname;

/** @param {Config} config @param {string} path @param {Record<string, string>} query */
const addressOf = ({ domain }, path, query) =>
  `${domain.includes("://") ? domain : `https://${domain}`}${path}?${new URLSearchParams(query)}`;

/** Goes to sign in, and remembers where to come back to. What was typed is kept in this tab. @param {Config} config @returns {Promise<never>} */
async function leave(config) {
  const [state, verifier] = [randomText(), randomText()];
  sessionStorage.setItem(JOURNEY, JSON.stringify({ state, verifier, hash: location.hash }));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const asked = { response_type: "code", client_id: config.clientId, redirect_uri: home(), scope: SCOPE, state };
  const proof = { code_challenge: base64url(new Uint8Array(digest)), code_challenge_method: "S256" };
  location.assign(addressOf(config, "/oauth2/authorize", { ...asked, ...proof }));
  return new Promise(() => {});
}

/** Takes up what Cognito brought back, if it did; a state that is not ours is not taken up. @param {Config} config @returns {Promise<Tokens | null>} */
async function arrival(config) {
  const query = new URLSearchParams(location.search);
  if (!query.has("code") && !query.has("error")) return null;
  const journey = JSON.parse(sessionStorage.getItem(JOURNEY) ?? "{}");
  sessionStorage.removeItem(JOURNEY);
  history.replaceState(null, "", home() + (journey.hash ?? ""));
  dispatchEvent(new HashChangeEvent("hashchange"));
  if (query.has("error")) throw refused(query.get("error_description") ?? query.get("error") ?? "");
  if (!journey.state || query.get("state") !== journey.state) return null;
  const code = query.get("code") ?? "";
  return exchange(config, { grant_type: "authorization_code", code, redirect_uri: home(), code_verifier: journey.verifier }, "");
}

/** @param {string} why */
const refused = (why) =>
  new RequestFailed({ ...problemOf(401, null), title: "Signing in did not work", advice: `${why || "No reason was given"}. Reload the page to try again.` });

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
  const answer = await postForm(addressOf(config, "/oauth2/token", {}).replace(/\?$/, ""), { ...grant, client_id: config.clientId });
  const claims = claimsOf(answer.access_token);
  const tokens = {
    accessToken: answer.access_token,
    refreshToken: answer.refresh_token ?? refreshToken,
    until: Date.now() + answer.expires_in * 1000 - EARLY,
    who: String(claims.username ?? ""),
    groups: claims["cognito:groups"] ?? [],
  };
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

/** 43 letters that nobody can guess. */
const randomText = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** @param {Uint8Array} bytes */
const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
