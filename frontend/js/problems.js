// Everything that can go wrong with a request, as one shape, and in words a person can act on. Pure.

/** @type {Record<number, [string, string, string]>} status: code, title, advice */
const BY_STATUS = {
  0: ["offline", "The server could not be reached", "Check the connection. Trying again is safe: nothing is done twice."],
  400: ["bad-request", "The server did not understand the request", "Reload the page and try again."],
  401: ["unauthorized", "You are not signed in any more", "Sign in again. What you typed is kept."],
  403: ["forbidden", "You may not do this", "Somebody with another role can."],
  404: ["not-found", "There is nothing here that you may see", "Check the address, or act as somebody else."],
  409: ["conflict", "Somebody was faster", "The page shows what is true now."],
  413: ["too-large", "That is more than fits into one request", "Send an order of fewer lines."],
  415: ["unsupported", "The server did not understand the request", "Reload the page and try again."],
  422: ["validation", "Something in it cannot be right", "Correct what is marked below."],
  429: ["too-many-requests", "Too many requests at once", "Wait a moment; the page tries again by itself."],
  500: ["internal", "Something broke on the server", "Trying again is safe: nothing is done twice."],
  503: ["unavailable", "The server is busy", "Try again in a moment. That is safe: nothing is done twice."],
};

/**
 * @param {number} status @param {any} body the parsed answer: a problem document, API Gateway's `{message}`, or null
 * @param {string | null} retryAfter the header @returns {Page.Problem}
 */
export function problemOf(status, body, retryAfter = null) {
  const [code, title, advice] = BY_STATUS[status] ?? BY_STATUS[status >= 500 ? 500 : 400] ?? ["", "", ""];
  const seconds = retryAfter === null ? Number.NaN : Number(retryAfter);
  return {
    status,
    code: body?.code ?? code,
    title: body?.detail ?? body?.title ?? title,
    advice,
    fields: body?.errors ?? [],
    traceId: body?.traceId ?? "",
    retryAfter: Number.isFinite(seconds) ? seconds : null,
    decision: body?.order?.decision ?? body?.decision ?? null,
  };
}

/** A failed request. Its `problem` is made for people; its message is for the console. */
export class RequestFailed extends Error {
  /** @param {Page.Problem} problem */
  constructor(problem) {
    super(`${problem.status} ${problem.code}`);
    this.problem = problem;
  }
}

/** The problem behind anything thrown; what is not a failed request is a defect of the page and says so. @param {unknown} error @returns {Page.Problem} */
export function problemBehind(error) {
  if (error instanceof RequestFailed) return error.problem;
  console.error(error);
  const title = "The page made a mistake";
  return { ...problemOf(500, null), code: "page-defect", title, advice: "Reload the page." };
}
