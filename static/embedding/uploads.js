/** Uploads: one after the other, with their progress; by the button, or dropped on the page. */

import { RequestError, bodyOf, csrfToken } from "./our-site.js";
import { sizeText } from "./amounts.js";
import { fill, gettext, nameText } from "./words.js";

const $ = (id) => document.getElementById(id);

/**
 * @param {{url: string, most: number}} site `most` in bytes
 * @param {(name: string) => string} pathOf where a file is to go
 * @param {() => Promise<void>} onDone after the last one
 */
export function acceptUploads({ url, most }, pathOf, onDone) {
  let queue = Promise.resolve();

  /** One after the other, so that a class behind one connection stays usable. */
  function uploadAll(files) {
    for (const file of files) {
      const item = $("uploading").content.firstElementChild.cloneNode(true);
      const path = pathOf(file.name);
      item.querySelector(".name").textContent = nameText(file.name);
      item.querySelector(".outcome").textContent = gettext("Waiting…");
      item.querySelector(".dismiss").onclick = () => item.remove();
      $("uploads").append(item);
      queue = queue.then(() => uploadOne(file, path, item));
    }
    queue = queue.then(onDone);
  }

  async function uploadOne(file, path, item, how = "") {
    const part = (name) => item.querySelector(`.${name}`);
    const progress = item.querySelector("progress");
    item.dataset.state = "sending";
    for (const button of ["replace", "both", "dismiss"]) part(button).hidden = true;
    progress.hidden = false;
    part("outcome").textContent = gettext("Uploading…");
    try {
      if (file.size > most) {
        const text = gettext("This file is too large. Files can have up to %(size)s.");
        const message = fill(text, { size: sizeText(most) });
        throw new RequestError({ code: "too_large", message });
      }
      const stored = await send(url, file, path, how, (share) => {
        progress.value = share;
        if (share === 1) part("outcome").textContent = gettext("Saving…");
      });
      item.dataset.state = "done";
      const name = stored.path.split("/").pop();
      const words = name === file.name ? gettext("Done") : gettext("Done: saved as “%(name)s”");
      part("outcome").textContent = nameText(fill(words, { name }));
      setTimeout(() => item.remove(), 5000);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      item.dataset.state = "failed";
      part("outcome").textContent = error.message;
      part("dismiss").hidden = false;
      const taken = error.code === "exists";
      const again = taken ? gettext("Replace") : error.recoverable ? gettext("Try again") : "";
      part("replace").textContent = again;
      part("replace").hidden = !again;
      part("both").hidden = !taken;
      const on = (button, how) => {
        part(button).onclick = () => {
          queue = queue.then(() => uploadOne(file, path, item, how)).then(onDone);
        };
      };
      on("replace", taken ? "overwrite" : how);
      on("both", "keep_both");
    }
    progress.hidden = true;
  }

  $("upload").addEventListener("click", () => $("chosen").click());
  $("chosen").addEventListener("change", ({ target }) => {
    uploadAll([...target.files]);
    target.value = "";
  });
  dropZone((files) => {
    if (!$("upload").disabled) uploadAll(files);
  });
}

/** With XMLHttpRequest, as fetch tells nothing of an upload's progress. */
function send(url, file, path, how, onProgress) {
  const form = new FormData();
  form.append("path", path);
  if (how) form.append(how, "1");
  form.append("file", file);
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    xhr.open("POST", url);
    xhr.setRequestHeader("Accept", "application/json");
    xhr.setRequestHeader("X-CSRFToken", csrfToken());
    xhr.upload.onprogress = ({ loaded, total }) => onProgress(total ? loaded / total : 0);
    xhr.onload = () => bodyOf(xhr.status, async () => xhr.responseText).then(resolve, reject);
    xhr.onerror = () =>
      reject(
        new RequestError({
          code: "unreachable",
          message:
            navigator.onLine === false
              ? gettext("You are offline. Try again when you are online.")
              : gettext("The upload was interrupted. Check your connection and try again."),
          recoverable: true,
        }),
      );
    xhr.send(form);
  });
}

function dropZone(onFiles) {
  let depth = 0; // dragenter and dragleave come for every element on the way
  const over = (by) => {
    depth += by;
    $("drop").hidden = depth <= 0;
  };
  const withFiles = (event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragenter", (event) => withFiles(event) && over(1));
  document.addEventListener("dragleave", (event) => withFiles(event) && over(-1));
  document.addEventListener("dragover", (event) => withFiles(event) && event.preventDefault());
  document.addEventListener("drop", (event) => {
    if (!withFiles(event)) return;
    event.preventDefault();
    depth = 0;
    $("drop").hidden = true;
    onFiles(event.dataTransfer.files);
  });
}
