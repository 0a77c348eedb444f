/** What CoCalc's messages hold, and what goes wrong, in words. */

import { fill, gettext } from "./words.js";

const SENTENCES = {
  bad_request: gettext("This is not a file in a project."),
  destroyed: gettext("This page is no longer connected to CoCalc."),
  frame_gone: gettext("The frame with CoCalc was closed or reloaded."),
  refused: gettext("CoCalc did not open the file: %(reason)s"),
  superseded: gettext("All files were closed before this one was open."),
  timeout_acknowledge: gettext("CoCalc did not answer."),
  timeout_close: gettext("CoCalc did not close all files."),
  timeout_open: gettext("CoCalc did not open the file."),
  timeout_status: gettext("CoCalc did not answer."),
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
  constructor(code, reason = "") {
    super(fill(SENTENCES[code], { reason }));
    this.code = code;
    this.recoverable = /^(timeout|frame)/.test(code);
  }
}
