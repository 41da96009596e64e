// The queue on the page: its rows, what they come to, and long lists folded.

import { count, left, size } from "./figures.js";
import { WELL } from "./item.js";
import { Row } from "./row.js";
import { say } from "../say.js";

const EVERY = 250; // milliseconds between two drawings of what moves
const BATCH = 40; // rows that are drawn at once
const SHORT = 12; // rows from which on what is done, and what has not begun, is folded
const AHEAD = 4; // rows of these that stay in sight
const WORDS = { published: "published", same: "published before", refused: "refused", failed: "failed", cancelled: "cancelled" };

export class View {
  #rows = new Map();
  #dirty = new Set();
  #ended = [];
  #timer = 0;

  constructor(section, settings) {
    this.section = section;
    this.settings = { ...settings, form: section.querySelector("[data-fix]") };
    this.template = section.querySelector("[data-row]");
    this.list = section.querySelector("[data-list]");
    setInterval(() => this.#tick(), 1000);
  }

  // `queue` is set by who makes both.
  changed(item, isRemoved = false) {
    if (isRemoved) {
      this.#rows.get(item)?.element.remove();
      this.#rows.delete(item);
      this.#dirty.delete(item);
    } else {
      this.#dirty.add(item);
    }
    this.#timer ||= setTimeout(() => this.#draw(), this.#rows.has(item) ? EVERY : 0);
  }

  itemOf(element) {
    const row = element.closest("[data-upload]");
    return [...this.#rows].find(([, { element: own }]) => own === row)?.[0];
  }

  fieldsOf(item) {
    return this.#rows.get(item).fields;
  }

  #draw() {
    this.#timer = 0;
    for (const item of [...this.#dirty].slice(0, BATCH)) {
      this.#dirty.delete(item);
      const row = this.#rows.get(item);
      if (row ? row.update() : this.#added(item)) this.#moved(item);
    }
    this.#fold();
    this.#sum();
    if (this.#dirty.size) this.#timer = setTimeout(() => this.#draw());
  }

  #added(item) {
    const row = new Row(item, this.template, this.settings);
    this.#rows.set(item, row);
    this.list.append(row.element);
    return true;
  }

  #moved(item) {
    if (!item.isEnded) return;
    this.#ended.push(item);
    clearTimeout(this.saying);
    this.saying = setTimeout(() => {
      say(`${summed(this.#ended)}.`);
      this.#ended = [];
    }, 1000);
  }

  // What is not to be watched stands in two folds, once the list is long.
  #fold() {
    const { items } = this.queue;
    const isLong = items.length > SHORT;
    const done = isLong ? items.filter(({ state }) => WELL.includes(state)) : [];
    const later = isLong ? items.filter((item) => item.state === "waiting" || (item.state === "hashing" && !item.hashed)) : [];
    const folded = new Map([["done", done.slice(0, -AHEAD)], ["later", later.slice(AHEAD)]]);
    const inFolds = new Map();
    for (const [name, members] of folded) {
      const fold = this.section.querySelector(`[data-fold=${name}]`);
      fold.hidden = !members.length;
      fold.querySelector("summary").textContent = name === "done"
        ? `${count(members.length, "file")} more done` : `${count(members.length, "file")} more to come`;
      members.forEach((item) => inFolds.set(item, fold.querySelector("ul")));
    }
    for (const item of items) {
      const { element } = this.#rows.get(item) ?? {};
      const place = inFolds.get(item) ?? this.list;
      if (element && element.parentElement !== place) place.append(element);
    }
  }

  #sum() {
    const { items } = this.queue;
    const ended = items.filter((item) => item.isEnded);
    const isOver = ended.length === items.length;
    const busy = items.filter(({ state }) => state === "sending");
    const speed = busy.reduce((sum, item) => sum + item.meter.speed, 0);
    const rest = items.filter((item) => !item.isEnded).reduce((sum, { file, sent }) => sum + file.size - sent, 0);
    const figures = isOver ? [summed(ended)] : [
      ended.length ? summed(ended) : "", speed ? `${size(speed)}/s` : "", speed ? left(rest / speed) : ""];
    const files = count(items.length, "file");
    this.#text("[data-is=title]", items.length ? `${isOver ? "" : "Uploading "}${files}` : "Upload files");
    this.#text("[data-is=summary]", figures.filter(Boolean).join(" · "));
    this.section.querySelector("[data-is=drop-title]").textContent = items.length ? "Drop more files here" : "Drop files or folders here";
    this.section.toggleAttribute("data-busy", this.queue.isBusy);
    this.section.toggleAttribute("data-filled", items.length > 0);
    const isGoing = items.some(({ state }) => ["hashing", "waiting", "sending", "retrying"].includes(state));
    const isPaused = items.some(({ state }) => state === "paused");
    this.#shown("pause-all", isGoing);
    this.#shown("resume-all", !isGoing && isPaused);
    this.#shown("cancel-all", isGoing || isPaused);
    this.#shown("clear", isOver && items.length > 0);
    this.#shown("show", isOver && items.some(({ state }) => state === "published"));
    this.section.querySelector("[data-is=no-hash]").hidden = this.queue.hashes;
  }

  #shown(action, isShown) {
    this.section.querySelectorAll(`[data-all=${action}]`).forEach((button) => { button.hidden = !isShown; });
  }

  #text(selector, text) {
    const node = this.section.querySelector(selector);
    if (node.textContent !== text) node.textContent = text;
  }

  // Counts down what waits for its next attempt, and lets the speed of what stands still fall.
  #tick() {
    this.queue.items.filter(({ state }) => ["retrying", "sending"].includes(state)).forEach((item) => this.changed(item));
  }
}

// "4 published, 1 refused"
function summed(items) {
  const told = Object.entries(WORDS).map(([state, word]) => [items.filter((item) => item.state === state).length, word]);
  return told.filter(([number]) => number).map(([number, word]) => `${number} ${word}`).join(", ");
}
