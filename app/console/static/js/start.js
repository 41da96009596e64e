// @ts-check
// The console's behaviour. Each module listens on the document and finds what it serves by data attributes, so that
// what is swapped in later is served, too.
import "./copy.js";
import "./dialogs.js";
import "./forms.js";
import "./keys.js";
import "./live.js";
import "./session.js";
import "./theme.js";
import { showTimes } from "./times.js";

document.documentElement.dataset.script = "";
showTimes(document);
showCurrent();
/** @type {HTMLElement | null} */ (document.querySelector("[data-focus]"))?.focus();

/** Scrolls the navigation, where it is a row that is too narrow for its entries, to the entry of this page. */
function showCurrent() {
  const navigation = document.querySelector(".nav");
  const current = navigation?.querySelector("[aria-current]");
  if (!navigation || !current) return;
  navigation.scrollLeft += current.getBoundingClientRect().left - navigation.getBoundingClientRect().left - 24;
}
