// @ts-check
// Forms: the button that a typed confirmation sets free, one submission at a double click, filters that apply
// themselves, passwords that can be seen, Go back, Try again.

const SECOND = 1000;

/** @param {HTMLInputElement} field */
function judgeConfirmation(field) {
  const button = field.form?.querySelector("footer .btn:last-child");
  if (button instanceof HTMLButtonElement) button.disabled = field.value !== field.dataset.confirm;
}

for (const field of document.querySelectorAll("[data-confirm]")) judgeConfirmation(/** @type {any} */ (field));
document.addEventListener("opened", (event) => {
  for (const field of /** @type {Element} */ (event.target).querySelectorAll("[data-confirm]")) {
    judgeConfirmation(/** @type {any} */ (field));
  }
});
document.addEventListener("input", (event) => {
  const field = event.target;
  if (field instanceof HTMLInputElement && field.dataset.confirm !== undefined) judgeConfirmation(field);
});

document.addEventListener("submit", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.dataset.once === undefined) return;
  if (form.dataset.sent !== undefined) return event.preventDefault();
  form.dataset.sent = "";
});
// A page that comes back from the cache of Back may be sent again.
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) form.removeAttribute("data-sent");
});

// Filters: a choice applies at once; empty ones are left out of the URL.
document.addEventListener("change", (event) => {
  const field = event.target;
  if (field instanceof HTMLSelectElement && field.form?.dataset.filters !== undefined) field.form.requestSubmit();
});
document.addEventListener("formdata", (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.dataset.filters === undefined) return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
});

// Checkboxes of a list: how many are chosen, and all at once.
const CHOSEN = ["id", "version"];

/** @param {HTMLFormElement} form @returns {HTMLInputElement[]} */
const boxesOf = (form) => [...form.querySelectorAll("[type=checkbox]")].filter((box) => CHOSEN.includes(/** @type {any} */ (box).name));

/** @param {HTMLFormElement} form */
function judgeChoice(form) {
  const chosen = boxesOf(form).filter((box) => box.checked).length;
  for (const shown of form.querySelectorAll("[data-chosen]")) shown.textContent = String(chosen);
  for (const button of form.querySelectorAll("[data-needs-chosen]")) /** @type {any} */ (button).disabled = !chosen;
}

document.addEventListener("change", (event) => {
  const box = event.target;
  if (!(box instanceof HTMLInputElement) || box.type !== "checkbox" || !box.form) return;
  if (box.dataset.all !== undefined) for (const each of boxesOf(box.form)) each.checked = box.checked;
  judgeChoice(box.form);
});
// A browser may have filled in what was chosen before.
addEventListener("pageshow", () => {
  for (const form of document.forms) judgeChoice(form);
});

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const reveal = target.closest("[data-reveal]");
  if (reveal instanceof HTMLElement) {
    const field = document.getElementById(reveal.dataset.reveal ?? "");
    if (field instanceof HTMLInputElement) {
      const shown = field.type === "password";
      field.type = shown ? "text" : "password";
      reveal.setAttribute("aria-pressed", String(shown));
      reveal.setAttribute("aria-label", shown ? "Hide the password" : "Show the password");
    }
  }
  if (target.closest("[data-back]") && history.length > 1 && document.referrer.startsWith(location.origin)) {
    event.preventDefault();
    history.back();
  }
});

// Try again: counted down, then done.
const retry = document.querySelector("[data-retry]");
if (retry instanceof HTMLAnchorElement && Number(retry.dataset.retry) > 0 && Number(retry.dataset.retry) <= 30) {
  let left = Number(retry.dataset.retry);
  setInterval(() => {
    if (document.hidden) return;
    left -= 1;
    retry.textContent = left > 0 ? `Try again in ${left} s` : "Trying again …";
    if (left === 0) location.reload();
  }, SECOND);
}
