// htm's one function.
declare const htm: {
  bind(h: (type: unknown, props: object | null, ...children: any[]) => object): (strings: TemplateStringsArray, ...values: unknown[]) => object;
};
export default htm;
