// @ts-check
// Keyboard shortcuts: Ctrl K jumps; single keys (WCAG 2.1.4) only while body[data-shortcuts], and never in fields.
import { openDialog } from "./dialogs.js";

const PAGES = { o: "", p: "packages", c: "channels", a: "agents", r: "rollouts" };
const PATIENCE = 1200;
let goPressedAt = 0;

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    event.preventDefault();
    return openDialog("jump");
  }
  const target = /** @type {Element} */ (event.target);
  if (moveInResults(event, target)) return;
  const isTyping = target.closest("input, textarea, select, [contenteditable]") || document.querySelector("dialog[open]");
  if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  if (document.body.dataset.shortcuts === undefined) return;
  if (pressed(event.key)) event.preventDefault();
});

/** @param {string} key */
function pressed(key) {
  if (Date.now() - goPressedAt < PATIENCE && key in PAGES) return goTo(PAGES[/** @type {keyof PAGES} */ (key)]);
  goPressedAt = key === "g" ? Date.now() : 0;
  if (key === "?") openDialog("keys");
  else if (key === "u") return goTo("upload");
  else if (key === "/") {
    const search = document.querySelector("main [type=search]");
    if (search instanceof HTMLElement) search.focus();
    return Boolean(search);
  }
  return key === "?";
}

/** Follow the side bar's link, if there is one. @param {string} page */
function goTo(page) {
  const path = document.body.dataset.root + page;
  const link = [...document.querySelectorAll(".nav a")].find((each) => each.getAttribute("href") === path);
  if (link instanceof HTMLElement) link.click();
  return Boolean(link);
}

// Down and up walk through what the jump dialog has found; Enter in its field takes the first.
/** @param {KeyboardEvent} event @param {Element} target */
function moveInResults(event, target) {
  const dialog = target.closest("#jump");
  if (!dialog || !["ArrowDown", "ArrowUp", "Enter"].includes(event.key)) return false;
  const stops = [...dialog.querySelectorAll("input, #jump-results a")];
  if (event.key === "Enter") {
    if (!(target instanceof HTMLInputElement)) return false;
    event.preventDefault();
    /** @type {HTMLElement | undefined} */ (stops[1])?.click();
    return true;
  }
  event.preventDefault();
  const step = event.key === "ArrowDown" ? 1 : -1;
  /** @type {HTMLElement} */ (stops[Math.max(0, Math.min(stops.length - 1, stops.indexOf(target) + step))]).focus();
  return true;
}
