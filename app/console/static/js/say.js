// @ts-check
/** Tell screen readers something once (WCAG 4.1.3). @param {string} text */
export function say(text) {
  const region = document.getElementById("said");
  if (region) region.textContent = text;
}
