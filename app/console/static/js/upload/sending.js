// Resumable upload of one file: asks the service how far it is and sends from there, until it is published.
// docs/uploads.md has the protocol; this is its dialect of the draft, which answers with the package.

import { FileChanged } from "./problems.js";

const PART = 8 << 20; // bytes that the service stores at once: it never asks for less than what it has of them
const LARGEST = 8 * PART;
const TAKES = 4; // seconds that a request should take
const LONGEST = 30; // seconds between two attempts
const NEW_ONES = 3; // how often an upload that the service has lost is begun anew

const base64 = (hex) => btoa(hex.match(/../g).map((byte) => String.fromCharCode(parseInt(byte, 16))).join(""));

const partial = (offset, isLast) => ({
  "Content-Type": "application/partial-upload",
  "Upload-Offset": String(offset),
  "Upload-Complete": isLast ? "?1" : "?0",
});

function pathOf({ fields: { name, version, platform, arch }, file }) {
  return `/packages/${[name, version, platform, arch, file.name].map(encodeURIComponent).join("/")}`;
}

const whole = ({ digest }) => ({
  "Content-Type": "application/octet-stream",
  ...(digest ? { "Repr-Digest": `sha-256=:${base64(digest)}:` } : {}),
});

// Resolves after `seconds`, or at once when the network is back or `hurry` is called.
export function wait(seconds, signal, onHurry = () => {}) {
  return new Promise((resolve, reject) => {
    const done = () => {
      clearTimeout(timer);
      removeEventListener("online", done);
      signal.removeEventListener("abort", stop);
      resolve();
    };
    const stop = () => {
      done();
      reject(signal.reason);
    };
    const timer = setTimeout(done, seconds * 1000);
    addEventListener("online", done);
    signal.addEventListener("abort", stop);
    onHurry(done);
    if (signal.aborted) stop();
  });
}

export class Patience {
  // `onDelay(error, seconds, hurry)` is told of each wait.
  constructor(signal, onDelay) {
    this.signal = signal;
    this.onDelay = onDelay;
    this.failures = 0;
  }

  moved() {
    this.failures = 0;
  }

  async after(error) {
    this.signal.throwIfAborted();
    const seconds = error.retryAfter ?? Math.min(LONGEST, 2 ** this.failures);
    this.failures += 1;
    await wait(seconds, this.signal, (hurry) => this.onDelay(error, seconds, hurry));
  }

  // What `attempt` resolves to, tried again while it fails for a passing reason.
  async with(attempt) {
    for (;;) {
      try {
        const answer = await attempt();
        this.signal.throwIfAborted();
        return answer;
      } catch (error) {
        if (!error.isPassing) throw error;
        await this.after(error);
      }
    }
  }
}

// Begin an upload of `item`, which has its id then. Resolves to the package if these bytes are published and intact.
export async function begin(service, item) {
  const headers = { ...whole(item), "Upload-Complete": "?0", "Upload-Length": String(item.file.size) };
  const answer = await service.call("PUT", pathOf(item), headers);
  if (!answer.json) item.uploadId = answer.header("Location").split("/").pop();
  return answer.json;
}

export class Sending {
  #speed = 0;

  // `item`: file, fields, digest (hex or null), uploadId; `told(offset)` hears of bytes that are sent.
  constructor(service, item, { patience, signal, told, own }) {
    Object.assign(this, { service, item, patience, signal, told, own });
  }

  // {package, isSame}. Throws Problem for a refusal, FileChanged, SessionEnded, the reason of an abort.
  async run() {
    for (let left = NEW_ONES; ; left -= 1) {
      try {
        return await this.#once();
      } catch (error) {
        if (error.status !== 404 || !left) throw error;
        this.item.uploadId = null; // it has expired
      }
    }
  }

  async #once() {
    if (!this.item.uploadId && this.item.file.size <= PART) return this.#atOnce();
    this.item.uploadId ??= await this.patience.with(() => this.#unfinished());
    let offset = 0;
    if (this.item.uploadId) {
      offset = await this.#ask();
    } else {
      const published = await this.patience.with(() => begin(this.service, this.item));
      if (published) return { package: published, isSame: true };
    }
    this.own(this.item.uploadId);
    for (;;) {
      try {
        const answer = await this.#piece(offset);
        if (answer.json) return { package: answer.json, isSame: false };
        offset = this.#moved(Number(answer.header("Upload-Offset")));
      } catch (error) {
        if (error.kind !== "wrong-offset") {
          if (!error.isPassing) throw error;
          await this.#unlessChanged(offset);
          await this.patience.after(error);
        }
        offset = await this.#ask();
      }
    }
  }

  // What is one part goes in one request: there is nothing to go on from.
  async #atOnce() {
    const { file } = this.item;
    for (;;) {
      this.signal.throwIfAborted();
      try {
        const answer = await this.service.send("PUT", pathOf(this.item), whole(this.item), file,
          (sent) => this.told(sent), this.signal);
        return { package: answer.json, isSame: false };
      } catch (error) {
        if (!error.isPassing) throw error;
        await this.#unlessChanged(0);
        await this.patience.after(error);
      }
    }
  }

  // Of one's own open uploads the one of these bytes that is furthest.
  async #unfinished() {
    const { fields, file, digest } = this.item;
    const { json } = await this.service.call("GET", `/uploads?${new URLSearchParams({ ...fields, limit: "100" })}`);
    const same = json.filter((upload) => upload.length === file.size && upload.created_by === this.service.urls.user
      && (digest ? upload.checksum === digest : upload.file_name === file.name));
    return same.sort((one, other) => other.offset - one.offset)[0]?.id ?? null;
  }

  // The offset; asking for it ends whoever else sends.
  async #ask() {
    const path = `/uploads/${this.item.uploadId}`;
    try {
      const answer = await this.patience.with(() => this.service.call("HEAD", path));
      return this.#moved(Number(answer.header("Upload-Offset")));
    } catch (error) {
      // HEAD has no body: why the upload has failed for good stands in the answer to PATCH.
      if (error.status === 410) await this.service.call("PATCH", path, partial(0, true));
      throw error;
    }
  }

  #moved(offset) {
    if (offset > this.item.kept) {
      this.item.kept = offset;
      this.patience.moved();
    }
    this.told(offset);
    return offset;
  }

  async #piece(offset) {
    this.signal.throwIfAborted();
    const { file } = this.item;
    const end = Math.min(file.size, offset + this.#length(offset));
    const began = performance.now();
    const answer = await this.service.send("PATCH", `/uploads/${this.item.uploadId}`, partial(offset, end === file.size),
      file.slice(offset, end), (sent) => this.told(offset + sent), this.signal);
    this.#speed = (end - offset) / Math.max(1, performance.now() - began) * 1000;
    return answer;
  }

  // Whole parts, as many as go within a few seconds: little is sent twice, and little time goes into answers.
  #length(offset) {
    const parts = Math.max(PART, Math.min(LARGEST, Math.floor(this.#speed * TAKES / PART) * PART));
    return parts - (offset % PART);
  }

  // A file that cannot be read any more looks like a lost network.
  async #unlessChanged(offset) {
    try {
      await this.item.file.slice(offset, offset + 1).arrayBuffer();
    } catch {
      throw new FileChanged();
    }
  }
}
