// @ts-check
// Light and dark: changed at once, and kept by the form's own POST, which works without script, too.

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.dataset.themeForm === undefined) return;
  event.preventDefault();
  const button = /** @type {HTMLButtonElement | null} */ (form.querySelector("button"));
  const chosen = /** @type {HTMLButtonElement | null} */ (event.submitter)?.value ?? "auto";
  const body = new URLSearchParams({ theme: chosen });
  fetch(form.action, { method: "POST", body, redirect: "manual" });
  document.documentElement.dataset.theme = chosen;
  if (button) offerOther(button);
});

/** @param {HTMLButtonElement} button */
function offerOther(button) {
  const isDark = document.documentElement.dataset.theme
    ? document.documentElement.dataset.theme === "dark"
    : matchMedia("(prefers-color-scheme: dark)").matches;
  const use = button.querySelector("use");
  button.value = isDark ? "light" : "dark";
  const label = isDark ? "Light theme" : "Dark theme";
  button.setAttribute("aria-label", label);
  button.title = label;
  use?.setAttribute("href", (use.getAttribute("href") ?? "").replace(/#.*/, isDark ? "#sun" : "#moon"));
}

for (const button of document.querySelectorAll("[data-theme-form] button")) offerOther(/** @type {any} */ (button));
