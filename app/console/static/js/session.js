// @ts-check
// The session's end: a notice 5 minutes before, and a login in a dialog, so that what was typed stays.
import { openDialog } from "./dialogs.js";
import { say } from "./say.js";

const NOTICE = 5 * 60_000;
const LONGEST = 2 ** 31 - 1;
/** @type {number | undefined} */
let timer;

/** @param {string | undefined} ends */
function announce(ends) {
  clearTimeout(timer);
  const toast = document.getElementById("ending");
  if (toast) toast.hidden = true;
  if (!ends) return;
  const left = new Date(ends).getTime() - Date.now() - NOTICE;
  timer = setTimeout(() => {
    if (toast) toast.hidden = false;
  }, Math.min(Math.max(left, 0), LONGEST));
}

document.addEventListener("session-ended", () => openDialog("again"));

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.dataset.loginAgain === undefined) return;
  event.preventDefault();
  const fault = /** @type {HTMLElement} */ (form.querySelector("[data-fault]"));
  fault.hidden = true;
  try {
    const body = new URLSearchParams(/** @type {any} */ (new FormData(form)));
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "application/json" }, redirect: "manual" });
    if (answer.type !== "opaqueredirect") throw new Error((await answer.json()).detail);
    form.reset();
    form.closest("dialog")?.close();
    announce(undefined);
    say("You are logged in again.");
    document.dispatchEvent(new CustomEvent("session-renewed"));
  } catch (error) {
    fault.textContent = error instanceof TypeError ? "The service does not answer. Try again." : String(/** @type {Error} */ (error).message);
    fault.hidden = false;
  }
});

announce(document.body.dataset.sessionEnds);
