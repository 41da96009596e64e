// Upload queue: hashes one file, sends two, and says of each what becomes of it.

import { Hasher } from "./hashing.js";
import { Item, WELL } from "./item.js";
import { CANCELLED, ELSEWHERE, PAUSED, Problem, SessionEnded } from "./problems.js";
import { Patience, Sending } from "./sending.js";
import { judged, publishedAt, Refusal, Same } from "./verdict.js";

const AT_ONCE = 2;
const LATER = ["hashing", "waiting", "sending", "retrying"];

export class Queue {
  items = [];
  sums = new Map(); // {digest, from} by file name
  #hasher = new Hasher();
  #hashing = null;
  #discarding = null;
  #judging = new Set();
  #sending = new Set(); // {item} of each that is being sent
  #tabs = new BroadcastChannel("opamp-uploads");

  // `names(file)` reads {fields, asks, begun}; `onChange(item, isRemoved)` hears of every change of an item.
  constructor(service, names, onChange) {
    Object.assign(this, { service, names, onChange });
    this.#tabs.onmessage = ({ data }) => this.#sending.forEach(({ item }) => {
      if (item.uploadId === data) this.#stop(item, ELSEWHERE);
    });
  }

  get isBusy() {
    return this.items.some((item) => item.isBusy);
  }

  get hashes() { return this.#hasher.isAvailable; }

  // Take a file. `path` is that within a dropped folder.
  add(file, path) {
    const { fields, asks, begun } = this.names(file);
    const item = new Item(file, path, fields, asks);
    item.begun = begun;
    this.items.filter((old) => old.path === path && ["failed", "cancelled", "refused"].includes(old.state))
      .forEach((old) => this.remove(old));
    this.items.push(item);
    if (!file.size) this.#ends(item, "refused", "The file is empty.");
    else if (file.size > this.service.urls.max_size) this.#ends(item, "refused", "The file is larger than this service takes.");
    else this.#set(item, Object.keys(asks).length ? "needs-fields" : "hashing");
    this.pump();
    return item;
  }

  // Go on with these fields.
  use(item, fields) {
    Object.assign(item, { fields, asks: {}, problem: null, other: {}, uploadId: null, kept: 0, sent: 0, isJudged: false });
    this.#set(item, "hashing");
    this.pump();
  }

  ask(item, asks) {
    item.asks = asks;
    this.#set(item, "needs-fields");
  }

  pause(item) {
    if (LATER.includes(item.state)) this.#stop(item, PAUSED);
  }

  resume(item) {
    item.remark = "";
    this.#set(item, item.isJudged ? "waiting" : "hashing");
    this.pump();
  }

  // Try a failed one again, or one that waits for its next attempt at once.
  retry(item) {
    if (item.state === "retrying") return item.hurry?.();
    item.problem = null;
    return this.use(item, item.fields);
  }

  async cancel(item) {
    const wasSent = item.sent > 0;
    this.#stop(item, CANCELLED);
    if (!wasSent) return;
    // The last bytes may have been there already: what is published stays, and the page must not say otherwise.
    await this.#discarding;
    const published = await publishedAt(item, this.service).catch(() => {});
    if (!item.digest || published?.checksum !== item.digest || item.state !== "cancelled") return;
    item.package = published;
    this.#ends(item, "published", "It was published before it could be cancelled.");
  }

  remove(item) {
    this.items = this.items.filter((other) => other !== item);
    this.onChange(item, true);
  }

  // What a checksums file says. What is on its way, and is another file, is ended.
  expect(sums, from) {
    sums.forEach(([name, digest]) => this.sums.set(name, { digest, from }));
    this.items.filter((item) => item.digest && !["refused", "cancelled", "failed"].includes(item.state)).forEach((item) => {
      const expected = this.sums.get(item.file.name);
      if (!expected || expected.digest === item.digest) return;
      const refusal = new Refusal(`${from} has another SHA-256 for this file.`);
      if (WELL.includes(item.state)) this.#remark(item, `But ${refusal.message}`);
      else this.#stop(item, refusal);
    });
  }

  pump() {
    const next = this.items.find((item) => item.state === "hashing" && !item.isHashed);
    if (next && !this.#hashing) this.#hash(next);
    for (const item of this.items.filter(({ state }) => state === "waiting")) {
      if (this.#sending.size < AT_ONCE) this.#send(item);
    }
    this.items.filter((item) => item.state === "hashing" && item.isHashed && !this.#judging.has(item))
      .forEach((item) => this.#judge(item));
  }

  async #hash(item) {
    this.#hashing = item;
    await this.#following(item, async () => {
      const hashed = (bytes) => {
        item.hashed = bytes;
        this.onChange(item);
      };
      item.digest = await this.#hasher.hash(item.file, hashed, item.control.signal);
      item.isHashed = true;
    });
    this.#hashing = null;
    this.pump();
  }

  async #judge(item) {
    this.#judging.add(item);
    await this.#following(item, async () => {
      await this.#patience(item, "hashing").with(() => judged(item, this));
      item.isJudged = true;
      this.#set(item, "waiting");
    });
    this.#judging.delete(item);
    this.pump();
  }

  async #send(item) {
    const run = { item };
    this.#sending.add(run);
    this.#set(item, "sending");
    await this.#following(item, async () => {
      const { signal } = item.control;
      const told = (bytes) => {
        item.told(bytes);
        if (item.state === "retrying") this.#set(item, "sending");
        else this.onChange(item);
      };
      const own = (id) => this.#tabs.postMessage(id);
      const sending = new Sending(this.service, item, { patience: this.#patience(item, "sending"), signal, told, own });
      const published = await sending.run();
      item.package = published.package;
      item.sent = item.file.size;
      this.#ends(item, published.isSame ? "same" : "published", "");
    });
    this.#sending.delete(run);
    this.pump();
  }

  #patience(item, state) {
    return new Patience(item.control.signal, (error, seconds, hurry) => {
      Object.assign(item, { problem: error, again: performance.now() + seconds * 1000 });
      item.hurry = () => {
        this.#set(item, state);
        hurry();
      };
      this.#set(item, "retrying");
    });
  }

  // What `work` throws decides of the state.
  async #following(item, work) {
    const { signal } = item.control;
    try {
      await work();
    } catch (error) {
      if (!signal.aborted) this.#fail(item, error);
      // Who aborted has set the state, but cannot have known of an upload that began just then.
      else if (["cancelled", "refused"].includes(item.state)) this.#discard(item);
    }
  }

  #fail(item, error) {
    if (error instanceof SessionEnded) {
      this.items.filter(({ state }) => LATER.includes(state)).forEach((each) => {
        this.#stop(each, PAUSED);
        this.#remark(each, error.message);
      });
      document.dispatchEvent(new CustomEvent("session-ended"));
      return;
    }
    const invalid = Object.entries(error.fields ?? {}).filter(([field]) => field in item.fields);
    if (invalid.length) {
      this.ask(item, Object.fromEntries(invalid.map(([field, messages]) => [field, `${field}: ${messages.join(" ")}`])));
      return;
    }
    const isRefused = error instanceof Refusal || ["package-exists", "digest-mismatch"].includes(error.kind);
    item.problem = error;
    item.other = error.other ?? {};
    if (error instanceof Same) {
      item.package = error.package;
      this.#ends(item, "same", "");
    } else {
      this.#ends(item, isRefused ? "refused" : "failed", error.message);
      if (!(error instanceof Problem)) this.#discard(item);
    }
  }

  #stop(item, reason) {
    const refusal = reason instanceof Refusal ? reason : null;
    item.abort(reason);
    item.problem = refusal;
    if (reason === PAUSED || reason === ELSEWHERE) {
      item.remark = reason === ELSEWHERE ? "Another tab goes on with it." : "";
      this.#set(item, "paused");
    } else {
      this.#discard(item);
      this.#ends(item, refusal ? "refused" : "cancelled", refusal?.message ?? "");
    }
    this.pump();
  }

  // Nothing may stay at the service of what is not wanted; else it expires.
  #discard(item) {
    const id = item.uploadId;
    item.uploadId = null;
    if (id) this.#discarding = this.service.call("DELETE", `/uploads/${id}`).catch(() => {});
  }

  #ends(item, state, remark) {
    item.remark = remark;
    this.#set(item, state);
  }

  #remark(item, remark) {
    item.remark = remark;
    this.onChange(item);
  }

  #set(item, state) {
    item.state = state;
    this.onChange(item);
  }
}
