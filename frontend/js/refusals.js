// What a refusal says beyond its title: what to do now, who was faster, and which field it is about. Pure.

import { RequestFailed } from "./problems.js";

/** @type {Record<string, string>} */
const ADVICE = {
  "not-an-approver": "This level asks for another role.",
  "segregation-of-duties": "Nobody may approve their own order, or decide two levels of one order.",
  "order-expired": "Nobody decided before the deadline. The order has to be placed again.",
  "order-withdrawn": "The requester took the order back.",
  "too-late": "The charge has begun; the order can no longer be withdrawn.",
  "request-in-flight": "The first attempt is still being worked on. Wait a moment and try again.",
  "idempotency-key-reused": "Reload the page and try again.",
};

/** A refusal with the advice that its code deserves; anything else as it is. @param {unknown} error */
export function advised(error) {
  if (!(error instanceof RequestFailed)) return error;
  const { problem } = error;
  return new RequestFailed({ ...problem, advice: ADVICE[problem.code] ?? problem.advice });
}

/**
 * Says kindly that somebody else came first, or null when the problem is another.
 * @param {Page.Problem} problem
 * @param {(at: string) => string} since writes how long ago
 */
export function whoWasFaster({ decision }, since) {
  if (!decision) return null;
  const verdict = decision.verdict === "approve" ? "approved" : "rejected";
  return `Already ${verdict} by ${decision.by} ${since(decision.at)}.`;
}

/**
 * The message for one input: errors are addressed by JSON pointer, and an error inside a value belongs to its input too.
 * @param {Page.Problem | null} problem
 * @param {string} pointer
 */
export function fieldError(problem, pointer) {
  const found = problem?.fields.find((each) => each.pointer === pointer || each.pointer.startsWith(`${pointer}/`));
  return found?.detail ?? "";
}
