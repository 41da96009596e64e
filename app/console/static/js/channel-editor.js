// @ts-check
// Channel editor: rows come and go without a page load; the server plans what the form then holds. Without script the
// same buttons ask for the page again.

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
  const fields = document.getElementById("channel-fields");
  if (fields) /** @type {any} */ (window).htmx?.trigger(fields, "rows-changed");
}
