// @ts-check
// Channel editor: rows come and go without a page load; the server plans what the form then holds. Without script the
// same buttons ask for the page again.

import { say } from "./say.js";

const form = document.querySelector("[data-channel-form]");

form?.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const add = target.closest("[data-add-row]");
  const drop = target.closest("[data-drop-row]");
  if (add instanceof HTMLElement) {
    event.preventDefault();
    addRow(add);
  } else if (drop) {
    event.preventDefault();
    dropRow(/** @type {HTMLElement} */ (drop.closest(".row")));
  }
});

/** @param {HTMLElement} button */
function addRow(button) {
  const template = document.getElementById(`${button.dataset.addRow}-row`);
  const rows = button.closest("[data-rows]");
  if (!(template instanceof HTMLTemplateElement) || !rows) return;
  rows.querySelector("[data-none]")?.remove();
  const row = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  for (const field of row.querySelectorAll("[id]")) field.removeAttribute("id");
  rows.insertBefore(row, button.parentElement);
  row.querySelector("input")?.focus();
}

/** @param {HTMLElement} row */
function dropRow(row) {
  const next = row.nextElementSibling?.querySelector("input, button");
  row.remove();
  if (next instanceof HTMLElement) next.focus();
  ask();
}

// Save pressed before the plan of what the form holds is there: it waits for that plan, and goes on by itself where the
// button still says what was pressed. Else it is pressed again, knowing the plan.
const fieldset = document.getElementById("channel-fields");
/** What the form held when it asked for the plan that is shown, and for the one that is under way. */
let planned = document.querySelector("#plan [name=plan]") ? contents() : "";
let asked = "";
/** @type {unknown} */
let asking = null;
/** What the button said when it was pressed; empty while nobody waits. */
let pressed = "";

function contents() {
  const named = /** @type {HTMLInputElement[]} */ ([...(fieldset?.querySelectorAll("[name]") ?? [])]);
  return JSON.stringify(named.map((field) => [field.name, field.value]));
}

const saveButton = () => /** @type {HTMLButtonElement | null} */ (document.getElementById("save"));

form?.addEventListener("submit", (event) => {
  const button = saveButton();
  if (!button || /** @type {SubmitEvent} */ (event).submitter !== button || contents() === planned) return;
  event.preventDefault();
  if (pressed) return;
  pressed = button.textContent ?? "";
  button.setAttribute("aria-busy", "true");
  button.textContent = "Looking at the agents…";
  if (!asking || asked !== contents()) ask();
});

function ask() {
  if (fieldset) /** @type {any} */ (window).htmx?.trigger(fieldset, "rows-changed");
}

fieldset?.addEventListener("htmx:beforeRequest", (event) => {
  asking = /** @type {CustomEvent} */ (event).detail.xhr;
  asked = contents();
});
fieldset?.addEventListener("htmx:afterRequest", (event) => {
  const { xhr, successful } = /** @type {CustomEvent} */ (event).detail;
  // One that a newer one has replaced ends without success, too: that one goes on.
  if (xhr !== asking || !successful) return;
  asking = null;
  planned = asked;
  if (!pressed) return;
  if (contents() !== planned) return ask();
  const button = saveButton();
  const isSame = button?.textContent === pressed;
  pressed = "";
  if (isSame) button?.form?.requestSubmit(button);
});
for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
  fieldset?.addEventListener(failure, () => {
    asking = null;
    const button = saveButton();
    if (!pressed || !button) return;
    button.removeAttribute("aria-busy");
    button.textContent = pressed;
    pressed = "";
    say("The service has not answered. Nothing was saved.");
  });
}
