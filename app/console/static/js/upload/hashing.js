// Hashing: one worker, one file after the other. Where WebAssembly is not to be had, files are sent without a digest.

import { FileChanged } from "./problems.js";

const READING = ["NotReadableError", "NotFoundError"];

export class Hasher {
  #worker = null;
  isAvailable = true;

  // The SHA-256 in hex, null where it cannot be computed. Throws FileChanged, and `signal.reason` when aborted.
  async hash(file, onProgress, signal) {
    if (!this.isAvailable) return null;
    this.#worker ??= new Worker(new URL("./hash-worker.js", import.meta.url));
    try {
      return await this.#digest(this.#worker, file, onProgress, signal);
    } finally {
      if (signal.aborted) this.#end();
    }
  }

  #digest(worker, file, onProgress, signal) {
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      worker.onerror = () => resolve(this.#giveUp());
      worker.onmessage = ({ data }) => {
        if (data.hashed !== undefined) onProgress(data.hashed);
        else if (data.digest) resolve(data.digest);
        else if (READING.includes(data.failed)) reject(new FileChanged());
        else resolve(this.#giveUp());
      };
      worker.postMessage(file);
    });
  }

  #giveUp() {
    this.isAvailable = false;
    this.#end();
    return null;
  }

  #end() {
    this.#worker?.terminate();
    this.#worker = null;
  }
}
