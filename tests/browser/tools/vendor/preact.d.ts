// As much of Preact's interface as the page uses.
export type Node = object | string | number | boolean | null | undefined;
export function h(type: unknown, props: object | null, ...children: Node[]): object;
export function render(node: Node, into: Element): void;
