// What every form is made of.

import { useId } from "../vendor/hooks.js";
import { html } from "./ui.js";

/**
 * A labelled control with its hint and its error. `children` gets the attributes that tie them together.
 * @param {{label: string, hint?: any, error?: string, children: (control: Record<string, any>) => any}} props
 */
export function Field({ label, hint, error, children }) {
  const id = useId();
  const notes = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const control = { id, ...(notes && { "aria-describedby": notes }), ...(error && { "aria-invalid": "true" }) };
  return html`<div class="field">
    <label for=${id}>${label}</label>
    ${children(control)} ${hint && html`<p class="fine" id=${`${id}-hint`}>${hint}</p>`}
    ${error && html`<p class="error breakable" id=${`${id}-error`}><span class="icon" aria-hidden="true">!</span>${error}</p>`}
  </div>`;
}
