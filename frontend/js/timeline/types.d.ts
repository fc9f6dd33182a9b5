// What the timeline's modules pass to each other. For the type checker and for readers: no browser loads this file.

declare namespace Timeline {
  interface Attempt {
    startedAt: string;
    endedAt?: string | null;
    status?: string;
    error?: any;
    nextAttemptAt?: string | null;
  }

  interface Operation {
    id: string;
    parentId?: string | null;
    type: string;
    subType?: string;
    name: string | null;
    status: string;
    startedAt: string;
    endedAt?: string | null;
    /** When a callback times out or a wait is over. */
    deadline?: string | null;
    error?: any;
    attempts?: Attempt[];
    /** Payloads are for auditors. */
    input?: string;
    result?: string;
  }

  interface Invocation {
    startedAt: string;
    endedAt?: string | null;
    requestId?: string;
    replayed?: number;
    ran?: number;
    error?: any;
  }

  interface History {
    status: string;
    startedAt: string;
    endedAt?: string | null;
    /** In the order they began. */
    operations: Operation[];
    invocations: Invocation[];
    cursor?: string | number;
    nextPollMs?: number | null;
  }

  /** One operation as the timeline lists it. */
  interface Row {
    operation: Operation;
    kind: string;
    name: string;
    /** An operation status, or WAITING (for time or for somebody) or ABANDONED (nobody will finish it). */
    state: string;
    children: Row[];
  }

  /** One row as it is drawn. */
  interface Line {
    row: Row;
    depth: number;
    folded: boolean;
  }

  interface Filter {
    text: string;
    show: "everything" | "failed" | "waiting";
    kind: string;
    inside: string;
  }

  /** Which rows are wanted; `inside` is the id of the one row whose inside is, or "". */
  interface Narrowing {
    inside: string;
    fits: (row: Row) => boolean;
  }

  /** What a person did. */
  interface Deed {
    at: string;
    actor: string;
    event: string;
    reason: string;
  }

  /** A reminder, or the next role asked too. */
  interface Nudge {
    at: string;
    event: string;
    level: number;
  }

  /** A line of the audit. */
  interface Entry {
    seq: number;
    at: string;
    actor: string;
    event: string;
    data?: any;
  }

  /** What is known of a level of approval beside its operations. */
  interface LevelNote {
    deadline: string | null;
    nudges: Nudge[];
  }

  /** Milliseconds since the epoch. */
  interface Interval {
    from: number;
    to: number;
  }

  /** See geometry.js. */
  interface Position {
    share: number;
    gaps: number;
  }

  interface Span {
    from: Position;
    to: Position;
  }

  type Axis = (at: number) => Position;

  interface Silence extends Span {
    ms: number;
    /** It has not passed yet. */
    ahead: boolean;
  }

  /** The time left between two attempts. */
  interface Retry extends Span {
    ms: number;
  }

  interface Bar extends Span {
    state: string;
    open: boolean;
  }

  interface InvocationBar extends Span {
    number: number;
    ms: number;
    error: string;
    replayed?: number;
    ran?: number;
    open: boolean;
  }

  interface Geometry {
    axis: Axis;
    gapCount: number;
    silences: Silence[];
    invocations: InvocationBar[];
    /** Milliseconds from the first to the last moment that has passed. */
    elapsed: number;
    /** Milliseconds in which an invocation ran. */
    computed: number;
    /** The moment it was drawn for. */
    at: number;
    /** Where the present is, while something can still happen. */
    now: Position | null;
    /** The same as long as every moment keeps its place. */
    scale: string;
  }
}
