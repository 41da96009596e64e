// @ts-check
// Native dialogs: [data-open=ID] opens one, [data-close] closes its own; a click beside it closes it as Esc does.

/** @param {string} id */
export function openDialog(id) {
  const dialog = document.getElementById(id);
  if (dialog instanceof HTMLDialogElement && !dialog.open) {
    dialog.showModal();
    dialog.dispatchEvent(new CustomEvent("opened", { bubbles: true }));
  }
}

document.addEventListener("click", (event) => {
  const target = /** @type {Element} */ (event.target);
  const opener = target.closest("[data-open]");
  if (opener instanceof HTMLElement) openDialog(opener.dataset.open ?? "");
  if (target.closest("[data-close]") || (target instanceof HTMLDialogElement && isOutside(target, event))) {
    target.closest("dialog")?.close();
  }
});

/** @param {HTMLDialogElement} dialog @param {MouseEvent} event */
function isOutside(dialog, event) {
  const box = dialog.getBoundingClientRect();
  return event.clientX < box.left || event.clientX > box.right || event.clientY < box.top || event.clientY > box.bottom;
}
