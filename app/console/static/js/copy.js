// @ts-check
// Copy buttons: [data-copy="TEXT"], or without a text the <pre> beside. Over plain http browsers have no clipboard API:
// the text is then selected in a field and copied as by Ctrl C.
import { say } from "./say.js";

/** @param {string} text */
export async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "hidden";
  (document.querySelector("dialog[open]") ?? document.body).append(field);
  field.select();
  const done = document.execCommand("copy");
  field.remove();
  if (!done) throw new Error("the browser does not copy");
}

document.addEventListener("click", async (event) => {
  const button = /** @type {Element} */ (event.target).closest("[data-copy]");
  if (!(button instanceof HTMLElement)) return;
  const text = button.dataset.copy || button.parentElement?.querySelector("pre")?.textContent || "";
  try {
    await copy(text);
    say("Copied");
    flash(button);
  } catch {
    say("The browser does not copy. Select the text and press Ctrl C.");
  }
  button.focus();
});

/** Show a tick for two seconds. @param {HTMLElement} button */
function flash(button) {
  const use = button.querySelector("use");
  const was = use?.getAttribute("href");
  if (!use || !was || button.classList.contains("copied")) return;
  use.setAttribute("href", was.replace(/#.*/, "#check"));
  button.classList.add("copied");
  setTimeout(() => {
    use.setAttribute("href", was);
    button.classList.remove("copied");
  }, 2000);
}
