// What the page's modules pass to each other. For the type checker and for readers: no browser loads this file.

declare namespace Page {
  interface FieldError {
    pointer: string;
    detail: string;
  }

  interface Problem {
    /** 0 when there was no answer at all. */
    status: number;
    /** The server's code, or a name of ours for API Gateway's own answers. */
    code: string;
    /** What happened. */
    title: string;
    /** What to do about it. */
    advice: string;
    fields: FieldError[];
    traceId: string;
    /** Seconds. */
    retryAfter: number | null;
    /** The decision that came first, with a 409. */
    decision: { by: string; verdict: string; at: string } | null;
  }

  /** What was last heard, and what went wrong since, if anything. */
  interface Resource {
    data: any;
    problem: Problem | null;
  }

  type Connection = "live" | "reconnecting" | "offline" | "paused";

  interface Route {
    view: "new" | "orders" | "order" | "history" | "inbox" | "picking" | "attention" | "outbox" | "missing";
    orderId: string;
    query: URLSearchParams;
  }

  interface State {
    route: Route;
    who: string;
    /** By path, for the person in `who`. */
    resources: Record<string, Resource>;
    connection: Connection;
    /** The order whose first picking station is silent on purpose, or "any": only a local stack has such. */
    silent: string;
    /** The last thing worth saying aloud. */
    notice: { text: string; serial: number };
  }

  /** Who uses the page. One interface for every way to sign in, so that no view knows which one it is. */
  interface Session {
    /** Whether this is a stack on somebody's own machine. */
    local: boolean;
    /** What it adds to the header: who is here, and how to be somebody else or leave. */
    Tools: () => any;
    who: () => string;
    /** The groups of `who`. */
    groups: () => string[];
    /** An access token; a fresh one when the last was refused. */
    token: (fresh?: boolean) => Promise<string>;
    /** Goes where one signs in again; absent where nobody has to. */
    signIn?: () => Promise<unknown>;
  }

  type Bearer = Pick<Session, "token" | "who">;

  interface Answer {
    status: number;
    data: any;
  }

  /** What there is to know about a poll before its next turn. */
  interface Outcome {
    /** The tab cannot be seen. */
    hidden: boolean;
    /** Requests that failed in a row, 0 when the last one worked. */
    failures: number;
    /** Seconds the server asked for, if it did. */
    retryAfter: number | null;
    /** Milliseconds since this person last changed something here, Infinity if never. */
    sinceAction: number;
    /** Milliseconds between requests when nothing special is going on, Infinity for none. */
    steady: number;
  }

  type Tone = "quiet" | "active" | "waiting" | "good" | "bad" | "alarm";

  interface Label {
    icon: string;
    word: string;
    tone: Tone;
  }
}
