// Drop zone and unfinished uploads of a page. The queue's modules come when the first file does: most visits need none.

import { chosen, dropped } from "./files.js";
import { Service } from "./service.js";
import { Unfinished } from "./unfinished.js";

const settings = JSON.parse(document.getElementById("upload-settings").textContent);
const section = document.querySelector("[data-uploads]");
const service = new Service(settings);
const unfinished = new Unfinished(document.querySelector("[data-unfinished-uploads]"), service, settings);
let loading = null;

async function take(found) {
  loading ??= import("./uploads.js").then(({ uploading }) => uploading({ section, settings, service, unfinished }));
  try {
    (await loading)(await found);
  } catch (error) {
    loading = null;
    section.querySelector("[data-is=stale]").hidden = false;
    throw error;
  }
}

unfinished.section.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-do]");
  const id = button?.closest("[data-unfinished]").dataset.unfinished;
  if (button?.dataset.do === "choose") section.querySelector("input[type=file]").click();
  if (button?.dataset.do === "discard") unfinished.discard(id);
});
section.querySelectorAll("input[type=file]").forEach((input) => input.addEventListener("change", () => {
  take(chosen(input.files));
  input.value = ""; // the same file may be chosen again
}));

const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
let depth = 0;
function hover(change) {
  depth = change === null ? 0 : depth + change;
  section.toggleAttribute("data-over", depth > 0);
}
addEventListener("dragenter", (event) => hasFiles(event) && hover(1));
addEventListener("dragleave", (event) => hasFiles(event) && hover(-1));
addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
addEventListener("drop", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  hover(null);
  take(dropped(event.dataTransfer));
});

section.toggleAttribute("data-ready", true);
unfinished.load();
