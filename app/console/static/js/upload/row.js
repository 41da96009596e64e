// One row of the upload queue: what the page shows of an item. Its markup is the page's <template>.

import { left, part, size } from "./figures.js";
import { FIELDS } from "./names.js";

const ICONS = new URL("../../icons.svg", import.meta.url).href;
const LOOKS = {
  "needs-fields": ["triangle-alert", "amber", ["remove"]],
  hashing: ["hash", "", ["cancel"]],
  waiting: ["clock", "", ["cancel"]],
  sending: ["upload", "blue", ["pause", "cancel"]],
  paused: ["pause", "", ["resume", "cancel"]],
  retrying: ["refresh-cw", "amber", ["hurry", "pause", "cancel"]],
  published: ["check", "green", ["open"]],
  same: ["check", "green", ["open"]],
  refused: ["circle-x", "red", []],
  failed: ["circle-x", "red", ["retry", "remove"]],
  cancelled: ["ban", "", ["retry", "remove"]],
};
const LABELS = { name: "name", version: "version", platform: "platform", arch: "architecture" };
const list = new Intl.ListFormat("en", { type: "disjunction" });

function reasons(asks) {
  const missing = FIELDS.filter((field) => asks[field] === "").map((field) => LABELS[field]);
  const others = FIELDS.map((field) => asks[field]).filter(Boolean);
  if (missing.length) others.unshift(`The file’s name has no ${list.format(missing)}.`);
  return `${others.join(" ")} The other files go on meanwhile.`;
}

// What the line under the file's name says beside coordinates and size: [text, colour].
function told(item) {
  const { file, problem, remark } = item;
  switch (item.state) {
    case "needs-fields": return [reasons(item.asks), "amber"];
    case "hashing":
      if (item.isHashed) return ["Comparing with what is published", ""];
      return [item.hashed ? "Hashing in the browser" : "Waits to be hashed", ""];
    case "waiting": return ["Waits for its turn", ""];
    case "sending": return [item.sent >= file.size ? "The service is storing the last bytes" : "", ""];
    case "paused": return [remark || "Paused", ""];
    case "retrying": {
      const seconds = Math.ceil((item.again - performance.now()) / 1000);
      return [`${problem.message} ${seconds > 0 ? `Trying again in ${seconds} s.` : "Trying again."}`, "amber"];
    }
    case "published": return remark ? [remark, "red"] : ["Published, SHA-256 verified", "green"];
    case "same": return remark ? [remark, "red"] : ["Already published with these bytes; nothing was sent", "green"];
    case "cancelled": return ["Cancelled; nothing was published", ""];
    default: return [remark, "red"];
  }
}

function amount({ state, sent, file }) {
  const shows = ["sending", "retrying"].includes(state) || (state === "paused" && sent);
  return shows ? part(Math.min(sent, file.size), file.size) : size(file.size);
}

export class Row {
  form = null;

  // `settings`: `packages`, the path of the packages' pages, and `form`, the template of the fields.
  constructor(item, template, settings) {
    this.item = item;
    this.settings = settings;
    this.element = template.content.firstElementChild.cloneNode(true);
    this.element.dataset.upload = item.file.name;
    this.#text(".file", item.path);
    this.element.querySelector(".file").title = item.path;
    this.element.querySelectorAll("[data-names]").forEach((button) => {
      button.setAttribute("aria-label", `${button.title} ${item.file.name}`);
    });
    this.update();
  }

  update() {
    const { item, element } = this;
    const hasChanged = element.dataset.state !== item.state;
    if (hasChanged) this.#look();
    const [text, colour] = told(item);
    this.#text("[data-is=amount]", amount(item));
    this.#text("[data-is=speed]", item.state === "sending" && item.meter.speed ? `${size(item.meter.speed)}/s` : "");
    this.#text("[data-is=left]", item.state === "sending" ? left((item.file.size - item.sent) / item.meter.speed) : "");
    const remark = this.#text("[data-is=told]", text);
    remark.className = colour ? `${colour}-note` : "";
    this.#progress();
    return hasChanged;
  }

  // What the form has, by the API's names.
  get fields() {
    return Object.fromEntries(FIELDS.map((field) => [field, this.form.elements[field].value.trim()]));
  }

  #look() {
    const { item, element } = this;
    const { fields, state, problem, other } = item;
    const [icon, colour, actions] = LOOKS[state];
    const shown = state === "refused" ? this.#wayOut() : actions;
    element.dataset.state = state;
    element.querySelector(".state").className = `state ${colour}`;
    element.querySelector(".state use").setAttribute("href", `${ICONS}#${icon}`);
    element.querySelectorAll("[data-do]").forEach((button) => {
      button.hidden = !shown.includes(button.dataset.do);
    });
    const isKnown = state !== "needs-fields";
    this.#text("[data-is=name]", isKnown ? fields.name : "");
    this.#text("[data-is=version]", isKnown ? fields.version : "");
    this.#text("[data-is=platform]", isKnown ? `${fields.platform}/${fields.arch}` : "");
    this.#text("[data-is=request]", ["failed", "refused"].includes(state) ? problem?.requestId ?? "" : "");
    this.#digest(item.package?.checksum ?? "");
    const there = `${this.settings.packages}/${[fields.name, fields.version].map(encodeURIComponent).join("/")}`;
    element.querySelectorAll("a[data-do=open], a[data-is=compare]").forEach((anchor) => { anchor.href = there; });
    this.#compared(other.published);
    this.#ask(state === "needs-fields");
  }

  // What can be done about a refusal depends on what it was for.
  #wayOut() {
    const { other, problem } = this.item;
    if (other.begun) return ["instead", "remove"];
    return other.published || problem?.kind === "package-exists" ? ["change", "remove"] : ["remove"];
  }

  #ask(isAsked) {
    this.form?.toggleAttribute("hidden", !isAsked);
    if (!isAsked) return;
    if (!this.form) {
      // Most rows are never asked, and the vocabulary is long.
      this.form = this.settings.form.content.firstElementChild.cloneNode(true);
      this.element.append(this.form);
    }
    for (const field of FIELDS) {
      const control = this.form.elements[field];
      control.value = this.item.fields[field];
      const isCertain = !(field in this.item.asks);
      control.closest("label").hidden = isCertain && field === "name";
      control.toggleAttribute("data-asked", !isCertain);
    }
  }

  #compared(published) {
    const compare = this.element.querySelector("[data-is=comparison]");
    compare.hidden = !published;
    if (!published) return;
    const short = (digest) => `${digest.slice(0, 8)}…${digest.slice(-6)}`;
    const own = this.item.digest ? `, this file is ${short(this.item.digest)}` : "";
    this.#text("[data-is=digests]", `Published is ${short(published.checksum)}${own}. Nothing was sent.`);
  }

  #digest(checksum) {
    const digest = this.element.querySelector(".digest");
    digest.hidden = !checksum;
    digest.dataset.sha256 = checksum;
    digest.querySelector("span").textContent = checksum && `${checksum.slice(0, 8)}…${checksum.slice(-6)}`;
    digest.querySelector("span").title = checksum;
    digest.querySelector("button").dataset.copy = checksum;
  }

  #progress() {
    const { state, hashed, sent, file, isHashed } = this.item;
    const bar = this.element.querySelector("progress");
    const isHashing = state === "hashing" && !isHashed;
    const done = isHashing ? hashed : sent;
    bar.hidden = !(isHashing || ["sending", "retrying"].includes(state) || (state === "paused" && sent > 0));
    bar.value = file.size ? done / file.size : 0;
    bar.dataset.of = isHashing ? "hash" : "upload";
    bar.setAttribute("aria-valuetext", `${part(done, file.size)} ${isHashing ? "hashed" : "sent"}`);
  }

  #text(selector, text) {
    const node = this.element.querySelector(selector);
    if (node.textContent !== text) node.textContent = text;
    node.hidden = !text;
    return node;
  }
}
