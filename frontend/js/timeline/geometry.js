// Turns a history into positions on an axis of which long silences are cut out. Pure: no document, no pixels.
//
// A position has two parts, because a silence is drawn with a fixed width whatever its length:
//   share  how much of the time that is not cut out lies before it, 0..1
//   gaps   how many cut-out silences lie before it; a fraction inside one
// The style sheet adds them up, so nothing has to be measured: share * (width - all gaps) + gaps * width of one gap.

const SHORTEST_GAP = 2000;
const GAP_OF_ACTIVE = 0.05;
const QUIET = new Set(["WAIT", "CALLBACK", "CONTEXT", "EXECUTION"]);

/** @param {string | null | undefined} time @param {number} otherwise */
const millis = (time, otherwise) => (time ? Date.parse(time) : otherwise);

/** The pieces of an operation, which is its own only piece when nobody counted. @type {(operation: Timeline.Operation) => Timeline.Attempt[]} */
const piecesOf = (operation) => (operation.attempts?.length ? operation.attempts : [operation]);

/** @param {number} at @returns {Timeline.Interval} */
const instant = (at) => ({ from: at, to: at });

/** When something ran, sorted and not touching: invocations, attempts and steps; operations begin and end in it. @param {Timeline.History} history @param {number} now */
export function activeIntervals({ operations, invocations }, now) {
  const worked = operations.filter(({ type }) => !QUIET.has(type.toUpperCase())).flatMap(piecesOf);
  const ran = [...invocations, ...worked].map(({ startedAt, endedAt }) => ({ from: Date.parse(startedAt), to: millis(endedAt, now) }));
  const ends = operations.flatMap(({ startedAt, endedAt }) => (endedAt ? [startedAt, endedAt] : [startedAt]));
  return union([...ran.filter(({ from, to }) => to >= from), ...ends.map((at) => instant(Date.parse(at)))]);
}

/** @param {Timeline.Interval[]} intervals */
export function union(intervals) {
  /** @type {Timeline.Interval[]} */
  const merged = [];
  for (const { from, to } of [...intervals].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && from <= last.to) last.to = Math.max(last.to, to);
    else merged.push({ from, to });
  }
  return merged;
}

/**
 * The silences that are long enough to cut out: more than two seconds and more than a twentieth of all activity.
 * @param {Timeline.Interval[]} active sorted, not touching @param {number} end of the axis
 */
export function silences(active, end) {
  const busy = active.reduce((sum, { from, to }) => sum + to - from, 0);
  const enough = Math.max(SHORTEST_GAP, busy * GAP_OF_ACTIVE);
  return active.map(({ to }, index) => ({ from: to, to: active[index + 1]?.from ?? end })).filter(({ from, to }) => to - from > enough);
}

/**
 * What lies outside is moved to the end it is nearer to.
 * @param {number} start @param {number} end @param {Timeline.Interval[]} gaps sorted, within start and end @returns {Timeline.Axis}
 */
export function createAxis(start, end, gaps) {
  const cutBefore = [0];
  for (const [index, { from, to }] of gaps.entries()) cutBefore.push(/** @type {number} */ (cutBefore[index]) + to - from);
  const shown = end - start - (cutBefore.at(-1) ?? 0);
  return (at) => {
    const time = Math.min(Math.max(at, start), end);
    const begun = countBegun(gaps, time);
    const gap = gaps[begun - 1];
    const ahead = gap ? Math.max(0, gap.to - time) : 0;
    const cut = (cutBefore[begun] ?? 0) - ahead;
    return { share: shown > 0 ? (time - start - cut) / shown : 0, gaps: gap ? begun - ahead / (gap.to - gap.from) : 0 };
  };
}

/** How many gaps begin before a moment: a search by halves, since a long history asks ten thousand times. @param {Timeline.Interval[]} gaps @param {number} time */
function countBegun(gaps, time) {
  let low = 0;
  let high = gaps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (/** @type {Timeline.Interval} */ (gaps[middle]).from < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * @param {Timeline.History} history @param {number} now
 * @param {{linear?: boolean, moments?: string[]}} [options] linear leaves silences as long as they are; `moments` are
 *   other instants to leave room for: what people did, and deadlines that lie ahead
 * @returns {Timeline.Geometry}
 */
export function geometry(history, now, { linear = false, moments = [] } = {}) {
  const running = history.status === "RUNNING";
  const start = Date.parse(history.startedAt);
  const waited = running ? history.operations.filter(({ deadline, endedAt }) => deadline && !endedAt) : [];
  const happened = activeIntervals(history, now);
  const present = running ? Math.max(now, happened.at(-1)?.to ?? start) : millis(history.endedAt, 0);
  const instants = [...waited.map(({ deadline }) => deadline), ...moments].map((at) => millis(at, 0)).filter((at) => at >= start);
  const active = union([...happened, ...[...instants, ...(running ? [present] : [])].map(instant)]);
  const end = Math.max(present, active.at(-1)?.to ?? start);
  const gaps = linear ? [] : silences(active, end);
  const axis = createAxis(start, end, gaps);
  const invocations = history.invocations.map((invocation, index) => invocationBar(invocation, index + 1, axis, now));
  const cut = gaps.reduce((sum, { from, to }) => sum + to - from, 0);
  return {
    axis,
    gapCount: gaps.length,
    silences: gaps.map(({ from, to }) => ({ from: axis(from), to: axis(to), ms: to - from, ahead: running && from >= present })),
    invocations,
    elapsed: (running ? Math.max(present, start) : end) - start,
    computed: invocations.reduce((sum, { ms }) => sum + ms, 0),
    at: present,
    now: running ? axis(present) : null,
    scale: `${gaps.length} ${end - start - cut}`,
  };
}

/** @param {Timeline.Invocation} invocation @param {number} number @param {Timeline.Axis} axis @param {number} now @returns {Timeline.InvocationBar} */
function invocationBar({ startedAt, endedAt, replayed, ran, error }, number, axis, now) {
  const from = Date.parse(startedAt);
  const to = Math.max(from, millis(endedAt, now));
  const counts = { ...(replayed !== undefined && { replayed }), ...(ran !== undefined && { ran }) };
  return { number, from: axis(from), to: axis(to), ms: to - from, error: errorText(error), open: !endedAt, ...counts };
}

const TICK = 1 / 300;

/**
 * What one invocation found done before it began, and what it did itself: where each lies, those on one spot only once.
 * @param {Timeline.History} history @param {Timeline.Invocation} invocation @param {Timeline.Axis} axis @param {number} now
 */
export function ticks(history, invocation, axis, now) {
  const from = Date.parse(invocation.startedAt);
  const to = millis(invocation.endedAt, now);
  const done = history.operations.map(({ endedAt }) => millis(endedAt, Infinity));
  return { replayed: apart(done.filter((at) => at < from).map(axis)), ran: apart(done.filter((at) => at >= from && at <= to).map(axis)) };
}

/** @param {Timeline.Position[]} positions */
const apart = (positions) => [...new Map(positions.map((at) => [`${Math.round(at.share / TICK)} ${at.gaps}`, at])).values()];

/**
 * The bars of one operation: one for each attempt, or one for the whole of it.
 * @param {Timeline.Operation} operation @param {string} state as the tree tells it @param {Timeline.Axis} axis @param {number} now
 */
export function bars(operation, state, axis, now) {
  const pieces = piecesOf(operation);
  return pieces.map((piece, index) => {
    const last = index === pieces.length - 1;
    const open = last && !piece.endedAt && state !== "ABANDONED";
    const from = Date.parse(piece.startedAt);
    const to = Math.max(from, millis(piece.endedAt, open ? now : from));
    return { from: axis(from), to: axis(to), state: last && state !== "PENDING" ? state : attemptState(piece), open };
  });
}

/** How an attempt went that was not the last word. @param {Timeline.Attempt} attempt */
export const attemptState = ({ endedAt, error, status }) => status ?? (error ? "FAILED" : endedAt ? "SUCCEEDED" : "INTERRUPTED");

/** The gaps between attempts; after the last one only when another is to come. @param {Timeline.Operation} operation @param {Timeline.Axis} axis */
export function retries({ attempts = [], status }, axis) {
  return attempts.flatMap(({ startedAt, endedAt, nextAttemptAt }, index) => {
    const next = attempts[index + 1]?.startedAt ?? (status === "PENDING" ? nextAttemptAt : null);
    if (!next) return [];
    const from = Date.parse(endedAt ?? startedAt);
    return [{ from: axis(from), to: axis(Date.parse(next)), ms: Math.max(0, Date.parse(nextAttemptAt ?? next) - from) }];
  });
}

/** An error as the history has it, without the module and the request it comes from. @param {any} error an object with type and message, or text @returns {string} */
export function errorText(error) {
  if (!error) return "";
  if (typeof error !== "string") return errorText([error.type ?? error.errorType, error.message ?? error.errorMessage].filter(Boolean).join(": "));
  return error.replace(/^(?:[a-z_]\w*\.)+(?=[A-Z])/, "").replace(/RequestId: [0-9a-f-]{36} (Error: )?/, "");
}

/** How long an operation took, or has taken so far. @param {Timeline.Operation} operation @param {number} now */
export const elapsedOf = ({ startedAt, endedAt }, now) => Math.max(0, millis(endedAt, now) - Date.parse(startedAt));

/** Where a span lies, for the style sheet to work out: see above. @param {Timeline.Span} span */
export const place = ({ from, to }) => ({
  "--share": from.share,
  "--gaps": from.gaps,
  "--share-wide": to.share - from.share,
  "--gaps-wide": to.gaps - from.gaps,
});

/** @param {Timeline.Position} at */
export const spot = (at) => place({ from: at, to: at });
