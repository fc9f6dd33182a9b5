// The dialog that says what is about to happen and asks for the words that go with it.

import { useId, useLayoutEffect, useRef, useState } from "../vendor/hooks.js";
import { problemBehind } from "./problems.js";
import { fieldError } from "./refusals.js";
import { read } from "./store.js";
import { Field } from "./field.js";
import { Problem, html } from "./ui.js";

const PLACE = "countersign.reason";

/**
 * @typedef {object} Question
 * @property {string} title
 * @property {string} confirm what the button says
 * @property {string} label of the reason
 * @property {boolean} needsReason
 * @property {string} missing said when a reason that is needed is not there
 * @property {string} tone of the button
 */

/**
 * Words typed are kept in this tab by person and `about`, so that closing the dialog or signing in again loses none.
 * `send` gets the reason; when it fails, `refused` may take the problem over by answering true.
 * @param {{question: Question, about: string, stake: any, send: (reason: string) => Promise<unknown>, refused?: (problem: Page.Problem) => boolean, close: () => void}} props
 */
export function View({ question, about, stake, send, refused, close }) {
  const { title, confirm, label, needsReason, missing, tone } = question;
  const place = `${PLACE} ${read().who} ${about}`;
  const [reason, setReason] = useState(() => sessionStorage.getItem(place) ?? "");
  const [problem, setProblem] = useState(/** @type {Page.Problem | null} */ (null));
  const [lacking, setLacking] = useState(false);
  const [sending, setSending] = useState(false);

  /** @param {any} event */
  const typed = (event) => {
    sessionStorage.setItem(place, event.currentTarget.value);
    setReason(event.currentTarget.value);
  };
  /** @param {any} event */
  async function submit(event) {
    event.preventDefault();
    const incomplete = needsReason && !reason.trim();
    setLacking(incomplete);
    if (incomplete) return event.currentTarget.querySelector("textarea")?.focus();
    if (sending) return undefined;
    setSending(true);
    try {
      await send(reason.trim());
      sessionStorage.removeItem(place);
    } catch (error) {
      const why = problemBehind(error);
      if (!refused?.(why)) setProblem(why);
      setSending(false);
    }
    return undefined;
  }
  const told = lacking ? missing : fieldError(problem, "/reason");
  return html`<${Dialog} title=${title} onClose=${close}>
    <form noValidate onSubmit=${submit}>
      <p class="stake">${stake}</p>
      ${problem && html`<${Problem} problem=${problem} focused />`}
      <${Field} label=${label} error=${told}>
        ${(/** @type {any} */ control) =>
          html`<textarea ...${control} rows="3" maxlength="2000" aria-required=${needsReason} value=${reason} onInput=${typed}></textarea>`}
      <//>
      <p class="actions">
        <button class=${tone} aria-disabled=${sending}>${sending ? "Sending…" : confirm}</button>
        <button type="button" onClick=${close}>Cancel</button>
      </p>
    </form>
  <//>`;
}

/**
 * A modal dialog. The browser keeps the focus inside; when it goes away the focus returns to where it was.
 * @param {{title: string, onClose: () => void, children: any}} props
 */
function Dialog({ title, onClose, children }) {
  const dialog = useRef(/** @type {HTMLDialogElement | null} */ (null));
  const id = useId();
  useLayoutEffect(() => {
    const open = dialog.current;
    const before = /** @type {HTMLElement | null} */ (document.activeElement);
    open?.showModal();
    return () => {
      open?.close();
      before?.focus();
    };
  }, []);
  return html`<dialog ref=${dialog} aria-labelledby=${id} onCancel=${onClose}>
    <h2 id=${id}>${title}</h2>
    ${children}
  </dialog>`;
}
