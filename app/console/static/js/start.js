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
/** @type {HTMLElement | null} */ (document.querySelector("[data-focus]"))?.focus();
