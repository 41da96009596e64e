// Unfinished uploads of the caller, as the service lists them: after a reload the same file goes on where it stopped.

import { part } from "./figures.js";
import { Service } from "./service.js";

// The service's API, and the list of a page's drop zone, on its way.
export function unfinishedOf(zone, settings) {
  const service = new Service(settings);
  const unfinished = new Unfinished(document.querySelector("[data-unfinished-uploads]"), service, settings);
  unfinished.section.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-do]");
    const id = button?.closest("[data-unfinished]").dataset.unfinished;
    if (button?.dataset.do === "choose") zone.dispatchEvent(new CustomEvent("choose-files"));
    if (button?.dataset.do === "discard") unfinished.discard(id);
  });
  unfinished.load();
  return { service, unfinished };
}

class Unfinished {
  uploads = [];

  constructor(section, service, settings) {
    Object.assign(this, { section, service, settings });
  }

  // Reading the list disturbs no upload.
  async load() {
    const query = new URLSearchParams({ limit: "100", ...(this.settings.preset.name ? { name: this.settings.preset.name } : {}) });
    try {
      const { json } = await this.service.call("GET", `/uploads?${query}`);
      this.uploads = json.filter((upload) => upload.created_by === this.settings.user);
    } catch {
      // Without the list a file is sent, and found again by its digest.
    }
    this.draw();
  }

  // The one that a file of this name and size may belong to; with another size it is told so.
  of(file) {
    const named = this.uploads.filter((upload) => upload.file_name === file.name);
    return named.find((upload) => upload.length === file.size) ?? named[0] ?? null;
  }

  async discard(id) {
    await this.service.call("DELETE", `/uploads/${id}`).catch(() => {});
    this.drop(id);
  }

  drop(id) {
    this.uploads = this.uploads.filter((upload) => upload.id !== id);
    this.draw();
  }

  draw() {
    const template = this.section.querySelector("template");
    const rows = this.uploads.map((upload) => {
      const row = template.content.firstElementChild.cloneNode(true);
      row.dataset.unfinished = upload.id;
      row.querySelector(".file").textContent = upload.file_name;
      row.querySelector("[data-is=version]").textContent = `${upload.name} ${upload.version}`;
      row.querySelector("[data-is=platform]").textContent = `${upload.platform}/${upload.arch}`;
      row.querySelector("[data-is=amount]").textContent = `${part(upload.offset, upload.length)} are there`;
      row.querySelector("progress").value = upload.offset / upload.length;
      row.querySelectorAll("[data-do]").forEach((button) => button.setAttribute("aria-label", `${button.textContent.trim()}: ${upload.file_name}`));
      return row;
    });
    this.section.querySelector("ul").replaceChildren(...rows);
    this.section.hidden = !rows.length;
  }
}
