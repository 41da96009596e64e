// What can end or delay an upload.

export class Problem extends Error {
  // A refusal of the service: its status, its problem document (RFC 9457), seconds until it may be tried again.
  constructor(status, document, retryAfter) {
    super(document.detail || `The service answered with status ${status}.`);
    this.status = status;
    this.kind = (document.type ?? "").split(":").pop();
    this.fields = document.errors ?? {};
    this.requestId = document.request_id ?? "";
    this.retryAfter = retryAfter;
  }

  get isPassing() {
    return this.status === 408 || this.status === 429 || this.status >= 500;
  }
}

export class Unreachable extends Error {
  constructor() {
    super(navigator.onLine ? "The service does not answer." : "This computer is offline.");
    this.isPassing = true;
    this.requestId = "";
  }
}

export class SessionEnded extends Error {
  constructor() {
    super("Your session has ended.");
  }
}

export class FileChanged extends Error {
  constructor() {
    super("The file changed while it was read. Choose it again.");
  }
}

// Reasons of an abort.
export const PAUSED = "paused";
export const CANCELLED = "cancelled";
export const ELSEWHERE = "elsewhere";

// A number of seconds, or a date (RFC 9110, 10.2.3); undefined where there is neither.
function secondsUntil(text) {
  if (!text) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isFinite(seconds) ? Math.max(0, seconds) : undefined;
}

export function problemOf(status, header, text) {
  let document = {};
  try {
    document = JSON.parse(text) ?? {};
  } catch {
    // A proxy in between has pages of its own.
  }
  return new Problem(status, document, secondsUntil(header("Retry-After")));
}
