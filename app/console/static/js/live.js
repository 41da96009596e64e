// @ts-check
// Live regions: <div data-live hx-get="…/live" hx-trigger="every 10s, refresh" hx-swap="morph:innerHTML" hx-ext="morph">.
// Hidden tabs and paused pages ask nothing; what was typed, the focus and open details stay. [data-age] has the
// seconds since the last answer, 304 included.

const STALE = 15; // seconds
const AGAIN = 3_000; // milliseconds after which is asked again where there was no answer
/** @type {WeakMap<Element, number>} */
const answeredAt = new WeakMap();
/** @type {WeakMap<Element, number>} */
const attempts = new WeakMap();
let paused = false;

const morph = /** @type {any} */ (window).Idiomorph;
if (morph) {
  // Its own defaults empty the field that is typed in and close open <details>.
  morph.defaults.ignoreActiveValue = true;
  morph.defaults.callbacks.beforeAttributeUpdated = (/** @type {string} */ name, /** @type {Element} */ node) =>
    !(name === "open" && node.localName === "details");
}

/** @param {Event} event */
const regionOf = (event) => /** @type {Element} */ (event.target).closest?.("[data-live]");
const regions = () => document.querySelectorAll("[data-live]");

document.addEventListener("htmx:beforeRequest", (event) => {
  if (regionOf(event) && (document.hidden || paused)) event.preventDefault();
});
document.addEventListener("htmx:afterRequest", (event) => {
  const region = regionOf(event);
  const status = /** @type {any} */ (event).detail.xhr?.status ?? 0;
  const isAnswered = (status >= 200 && status < 300) || status === 304;
  if (region && isAnswered) answeredAt.set(region, Date.now());
  if (region && !isAnswered && status !== 401) {
    clearTimeout(attempts.get(region));
    attempts.set(region, setTimeout(() => askAnew(region), AGAIN));
  }
  if (status === 401) document.dispatchEvent(new CustomEvent("session-ended"));
  showAges();
});
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) refresh();
});
document.addEventListener("session-renewed", () => refresh());
document.addEventListener("click", (event) => {
  const button = /** @type {Element} */ (event.target).closest("[data-pause-live]");
  if (!button) return;
  paused = !paused;
  button.setAttribute("aria-pressed", String(paused));
  if (!paused) refresh();
  showAges();
});

function refresh() {
  for (const region of regions()) askAnew(region);
}

/** @param {Element} region */
function askAnew(region) {
  /** @type {any} */ (window).htmx?.trigger(region, "refresh");
}

function showAges() {
  for (const region of regions()) {
    if (!answeredAt.has(region)) answeredAt.set(region, Date.now());
    const since = answeredAt.get(region) ?? 0;
    const age = Math.round((Date.now() - since) / 1000);
    /** @type {HTMLElement} */ (region).dataset.age = String(age);
    const shown = document.querySelector(`[data-age-of="${region.id}"]`);
    if (!shown) continue;
    const isStale = age >= STALE && !paused;
    shown.parentElement?.classList.toggle("stale", isStale);
    const at = new Date(since).toLocaleTimeString();
    shown.textContent = paused ? `Paused at ${at}` : isStale ? `No answer since ${at}. Trying again.` : "Live";
  }
}
setInterval(showAges, 1000);
showAges();
