// What a refusal says beyond its title: who was faster, and which field it is about. Pure.

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
