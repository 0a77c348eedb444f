/** What CoCalc's messages hold, and what goes wrong, in words. */

const SENTENCES = {
  bad_request: "This is not a file in a project.",
  destroyed: "The page no longer talks to CoCalc.",
  frame_gone: "CoCalc's frame was closed or loaded anew.",
  refused: "CoCalc refused to open the file: ",
  superseded: "All files were closed before this one was open.",
  timeout_acknowledge: "CoCalc did not answer.",
  timeout_close: "CoCalc did not close all files.",
  timeout_open: "CoCalc did not open the file.",
  timeout_status: "CoCalc did not report its status.",
};

export const isObject = (value) => typeof value === "object" && value !== null;
export const asText = (value) => (typeof value === "string" ? value : "");
export const keyOf = (projectId, path) =>
  /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(asText(projectId)) && asText(path)
    ? `${projectId}/${path}`
    : "";

/** A `status` reply. */
export function statusOf({ quality, status, status_time, ping }, listed) {
  const openFiles = new Map();
  for (const [projectId, paths] of Object.entries(isObject(listed) ? listed : {})) {
    const named = Array.isArray(paths) ? paths.filter(asText) : [];
    if (named[0]) openFiles.set(projectId, named);
  }
  const time = new Date(status_time instanceof Date ? status_time : asText(status_time));
  return {
    quality: asText(quality),
    status: asText(status).slice(0, 300),
    statusTime: isNaN(time) ? null : time,
    ping: Number.isFinite(ping) ? ping : null,
    openFiles,
  };
}

/** `recoverable`: try again. */
export class BridgeError extends Error {
  /** @param {keyof typeof SENTENCES} code */
  constructor(code, detail = "") {
    super(SENTENCES[code] + detail);
    this.code = code;
    this.recoverable = /^(timeout|frame)/.test(code);
  }
}
