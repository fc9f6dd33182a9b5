// Inputs and results as people read them: the SDK wraps every value in its type, the page unwraps it. Pure.

/** @param {any} value @returns {any} */
function unwrap(value) {
  if (Array.isArray(value)) return value.map(unwrap);
  if (value === null || typeof value !== "object") return value;
  if (typeof value.t === "string" && "v" in value && Object.keys(value).length === 2) return value.t === "n" ? null : unwrap(value.v);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, unwrap(inner)]));
}

/** A payload on as many lines as it needs; what is not JSON stays as it is. @param {string | null | undefined} text */
export function payloadText(text) {
  if (!text) return "";
  try {
    return JSON.stringify(unwrap(JSON.parse(text)), null, 2);
  } catch {
    return text;
  }
}
