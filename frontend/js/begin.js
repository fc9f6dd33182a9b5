// Going to sign in at Cognito's hosted page: authorization code with a proof of key (PKCE).

import { addressOf, home } from "./signin.js";

const SCOPE = "openid aws.cognito.signin.user.admin";

/**
 * Goes there, and remembers in this tab under `place` where to come back to; what was typed is kept in it as well.
 * @param {import("./signin.js").Config} config @param {string} place @returns {Promise<never>}
 */
export async function begin(config, place) {
  const [state, verifier] = [randomText(), randomText()];
  sessionStorage.setItem(place, JSON.stringify({ state, verifier, hash: location.hash }));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const asked = { response_type: "code", client_id: config.clientId, redirect_uri: home(), scope: SCOPE, state };
  const proof = { code_challenge: base64url(new Uint8Array(digest)), code_challenge_method: "S256" };
  location.assign(addressOf(config, "oauth2/authorize", { ...asked, ...proof }));
  return new Promise(() => {});
}

/** 43 letters that nobody can guess. */
const randomText = () => base64url(crypto.getRandomValues(new Uint8Array(32)));

/** @param {Uint8Array} bytes */
const base64url = (bytes) => btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
