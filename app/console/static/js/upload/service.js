// The service's API, with a token of ten minutes that never leaves this module. It is renewed at half its time.

import { problemOf, SessionEnded, Unreachable } from "./problems.js";

const PATIENCE = 30_000; // milliseconds for answers that carry little
const SILENCE = 60_000; // milliseconds without a byte after which a connection counts as dead
const STORING = 180_000; // milliseconds that the service may take for what it was sent

export class Service {
  #token = "";
  #renewAt = 0;
  #asking = null;

  // `urls`: the API's base, and where the session gives tokens.
  constructor(urls) {
    this.urls = urls;
  }

  // {status, header, json} of an answer below 400. Throws Problem, Unreachable, SessionEnded.
  async call(method, path, headers = {}) {
    return this.#authorized(async (authorization) => {
      const answer = await this.#fetched(`${this.urls.api}${path}`, { method, headers: { ...headers, ...authorization } });
      const text = await answer.text().catch(() => {
        throw new Unreachable();
      });
      const header = (name) => answer.headers.get(name);
      if (!answer.ok) throw problemOf(answer.status, header, text);
      return { status: answer.status, header, json: text ? JSON.parse(text) : null };
    });
  }

  // Send bytes by PATCH or PUT; `onProgress` hears how many have left the browser. fetch tells nothing of that.
  async send(method, path, headers, bytes, onProgress, signal) {
    return this.#authorized((authorization) =>
      sent(method, `${this.urls.api}${path}`, { ...headers, ...authorization }, bytes, onProgress, signal));
  }

  async #authorized(request) {
    try {
      return await request(await this.#authorization());
    } catch (error) {
      if (error.status !== 401) throw error;
      this.#renewAt = 0; // the key of tokens may have changed
      return request(await this.#authorization());
    }
  }

  async #authorization() {
    if (performance.now() >= this.#renewAt) {
      this.#asking ??= this.#renew().finally(() => { this.#asking = null; });
      await this.#asking;
    }
    return { Authorization: `Bearer ${this.#token}` };
  }

  async #renew() {
    const answer = await this.#fetched(this.urls.token, { method: "POST", headers: { Accept: "application/json" } });
    if (answer.status === 401) throw new SessionEnded();
    const text = await answer.text();
    const header = (name) => answer.headers.get(name);
    if (!answer.ok) throw problemOf(answer.status, header, text);
    const { token, expires_at: expiresAt } = JSON.parse(text);
    // By the service's clock: this computer's may be wrong.
    const lasts = Date.parse(expiresAt) - (Date.parse(header("Date")) || Date.now());
    this.#token = token;
    this.#renewAt = performance.now() + lasts / 2;
  }

  async #fetched(url, options) {
    try {
      return await fetch(url, { ...options, cache: "no-store", redirect: "error", signal: AbortSignal.timeout(PATIENCE) });
    } catch {
      throw new Unreachable();
    }
  }
}

function sent(method, url, headers, bytes, onProgress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let watchdog = 0;
    const alive = (milliseconds) => {
      clearTimeout(watchdog);
      watchdog = setTimeout(() => request.abort(), milliseconds);
    };
    const stop = () => request.abort();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => {
      alive(SILENCE);
      onProgress(loaded);
    };
    request.upload.onload = () => alive(STORING);
    request.onload = () => {
      const header = (name) => request.getResponseHeader(name);
      if (request.status >= 400) reject(problemOf(request.status, header, request.responseText));
      else resolve({ status: request.status, header, json: JSON.parse(request.responseText || "null") });
    };
    request.onerror = () => reject(new Unreachable());
    request.onabort = () => reject(signal.aborted ? signal.reason : new Unreachable());
    request.onloadend = () => {
      clearTimeout(watchdog);
      signal.removeEventListener("abort", stop);
      removeEventListener("offline", stop);
    };
    signal.addEventListener("abort", stop);
    addEventListener("offline", stop);
    alive(SILENCE);
    request.send(bytes);
  });
}
