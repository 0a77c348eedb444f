/** Requests to our own site, and their failures in words. */

/** `code` is stable, `message` a sentence for the user, `recoverable`: trying again may help. */
export class RequestError extends Error {
  constructor({ code, message, recoverable = false, retryAfter = null, detail = "" }, status = 0) {
    super(message);
    this.name = "RequestError";
    Object.assign(this, { code, recoverable, retryAfter, detail, status });
  }
}

const UNREACHABLE = {
  code: "unreachable",
  message: "This site cannot be reached. Check your connection and try again.",
  recoverable: true,
};
const TIMED_OUT = {
  code: "timeout",
  message: "This site took too long to answer. Please try again.",
  recoverable: true,
};
const UNCLEAR = {
  code: "unclear",
  message: "This site gave an answer that makes no sense. Please reload the page.",
};

/** The token that shows a request to come from our own page; the cookie itself is not readable. */
export const csrfToken = () => document.querySelector("[name=csrfmiddlewaretoken]").value;

/** Signing in again, in another tab, makes the page's token void. */
export function renewCsrfToken(token) {
  for (const field of document.querySelectorAll("[name=csrfmiddlewaretoken]")) field.value = token;
}

/**
 * @param {string} method
 * @param {string} url
 * @param {{json?: object, keepalive?: boolean, limit?: number, signal?: AbortSignal}} [options]
 *   `limit` in ms
 * @returns {Promise<{status: number, body: any}>} rejects with a RequestError, or AbortError
 */
export async function request(method, url, options) {
  const response = await ask(method, url, options);
  return { status: response.status, body: await bodyOf(response.status, () => response.text()) };
}

/** @returns {Promise<Blob>} a file's content; rejects as `request` does */
export async function fetchFile(url) {
  const response = await ask("GET", url);
  if (response.ok) return response.blob();
  return bodyOf(response.status, () => response.text());
}

async function ask(method, url, { json, keepalive, limit = 200_000, signal } = {}) {
  const headers = { Accept: "application/json" };
  if (method !== "GET") headers["X-CSRFToken"] = csrfToken();
  if (json) headers["Content-Type"] = "application/json";
  const timeout = AbortSignal.timeout(limit);
  try {
    return await fetch(url, {
      method,
      headers,
      keepalive,
      body: json && JSON.stringify(json),
      cache: "no-store",
      redirect: "error",
      signal: signal ? any([signal, timeout]) : timeout,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new RequestError(timeout.aborted ? TIMED_OUT : UNREACHABLE);
  }
}

/** Reads an answer of ours; a failure of any shape becomes a RequestError. */
export async function bodyOf(status, text) {
  let body = null;
  try {
    body = status === 204 ? {} : JSON.parse(await text());
  } catch {
    // An error page, of ours or of a proxy.
  }
  if (status >= 200 && status < 300 && body) return body;
  throw new RequestError(body?.error ?? UNCLEAR, status);
}

/** AbortSignal.any, for browsers from before 2024. */
function any(signals) {
  if (AbortSignal.any) return AbortSignal.any(signals);
  const controller = new AbortController();
  for (const signal of signals) signal.addEventListener("abort", () => controller.abort());
  return controller.signal;
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * Repeats a request while the site answers 202, "a step is done, ask again".
 *
 * @param {() => Promise<{status: number, body: any}>} ask
 * @param {(step: string) => void} onStep the step that comes next
 * @param {number} [limit] ms; CoCalc may take minutes to start a project
 */
export async function untilReady(ask, onStep, limit = 240_000) {
  const end = performance.now() + limit;
  for (;;) {
    const { status, body } = await ask();
    if (status !== 202) return body;
    if (body.next) onStep(body.next);
    if (performance.now() > end) throw new RequestError(TIMED_OUT);
    // Without `done`, another request is at this step: give it time.
    if (!body.done) await pause(700);
  }
}

/** @param {string} path joined to a base address, each part encoded */
export const encodePath = (path) => path.split("/").map(encodeURIComponent).join("/");
