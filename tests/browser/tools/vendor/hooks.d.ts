// As much of Preact's hooks as the page uses.
export function useState<State>(initial: State | (() => State)): [State, (next: State | ((before: State) => State)) => void];
export function useReducer<State, Action>(
  reduce: (state: State, action: Action) => State,
  initial: State,
): [State, (action: Action) => void];
export function useEffect(effect: () => void | undefined | (() => void), inputs?: readonly unknown[]): void;
export function useLayoutEffect(effect: () => void | undefined | (() => void), inputs?: readonly unknown[]): void;
export function useMemo<Value>(create: () => Value, inputs: readonly unknown[]): Value;
export function useRef<Value>(initial: Value): { current: Value };
export function useId(): string;
