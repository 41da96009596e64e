// Uploads of a page: what was dropped or chosen goes into the queue, what is pressed is done, leaving asks.

import { isChecksumFile, leftOutAs, parsed } from "./checksums.js";
import { FIELDS, Names } from "./names.js";
import { Queue } from "./queue.js";
import { View } from "./view.js";

const BATCH = 20; // files that are taken before the page is drawn and answers

// Returns what takes files: [{file, path}].
export function uploading({ section, settings, service, unfinished }) {
  const names = new Names(settings);
  const view = new View(section, settings);
  const queue = new Queue(service, read, (item, isRemoved) => {
    if (item.uploadId) unfinished.drop(item.uploadId);
    view.changed(item, isRemoved);
  });
  view.queue = queue;

  // What is known of a file: of the upload that it goes on with, by its name, by the page it was dropped on.
  function read(file) {
    const begun = unfinished.of(file);
    if (begun) return { fields: Object.fromEntries(FIELDS.map((field) => [field, begun[field]])), asks: {}, begun };
    const { fields, asks } = names.read(file.name);
    for (const [field, preset] of Object.entries(settings.preset)) {
      if (field in asks) delete asks[field];
      else if (fields[field] !== preset) asks[field] = `This page is for ${preset}, the file’s name says ${fields[field]}.`;
      fields[field] = preset;
    }
    return { fields, asks, begun: null };
  }

  async function take(found) {
    const sums = found.filter(({ file }) => isChecksumFile(file));
    const leftOut = new Map();
    for (const { file } of sums) queue.expect(parsed(await file.text(), file.name), file.name);
    for (const [index, { file, path }] of found.filter((each) => !sums.includes(each)).entries()) {
      if (index && index % BATCH === 0) await new Promise((resolve) => { setTimeout(resolve); });
      const what = found.length > 1 && leftOutAs(file.name);
      if (what) leftOut.set(what, (leftOut.get(what) ?? 0) + 1);
      else queue.add(file, path);
    }
    tellLeftOut(sums, leftOut);
  }

  function tellLeftOut(sums, leftOut) {
    const told = [...leftOut].map(([what, number]) => `${number} ${what}`);
    const read = sums.length ? `Checked against ${sums.map(({ file }) => file.name).join(", ")}.` : "";
    const note = section.querySelector("[data-is=left-out]");
    if (!read && !told.length) return;
    note.querySelector("span").textContent = [read, told.length ? `Not uploaded: ${told.join(", ")}.` : ""].join(" ").trim();
    note.hidden = false;
  }

  const ON_ROW = {
    pause: (item) => queue.pause(item),
    resume: (item) => queue.resume(item),
    cancel: (item) => queue.cancel(item),
    retry: (item) => queue.retry(item),
    hurry: (item) => queue.retry(item),
    remove: (item) => queue.remove(item),
    change: (item) => queue.ask(item, { version: "Give this file another version." }),
    instead: (item) => {
      unfinished.discard(item.begun.id);
      item.begun = null;
      queue.use(item, item.fields);
    },
  };
  const ON_ALL = {
    "pause-all": () => queue.items.forEach((item) => queue.pause(item)),
    "resume-all": () => queue.items.filter(({ state }) => state === "paused").forEach((item) => queue.resume(item)),
    "cancel-all": () => queue.items.filter((item) => !item.isEnded).forEach((item) => queue.cancel(item)),
    show: () => location.assign(location.pathname),
    clear: () => [...queue.items].forEach((item) => queue.remove(item)),
  };

  section.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-do], [data-all]");
    if (button?.dataset.all) ON_ALL[button.dataset.all]();
    else if (button) ON_ROW[button.dataset.do]?.(view.itemOf(button));
  });
  section.addEventListener("submit", (event) => {
    event.preventDefault();
    const item = view.itemOf(event.target);
    queue.use(item, view.fieldsOf(item));
  });

  // Leaving the page would end what is on its way: the browser asks, and links open beside it.
  addEventListener("beforeunload", (event) => queue.isBusy && event.preventDefault());
  document.addEventListener("click", (event) => {
    const anchor = event.target.closest("a[href]");
    if (!queue.isBusy || !anchor || anchor.target || anchor.getAttribute("href").startsWith("#")) return;
    event.preventDefault();
    open(anchor.href, "_blank", "noopener");
  });
  document.addEventListener("session-renewed", ON_ALL["resume-all"]);
  return take;
}
