/**
 * The site's action on the notebook page: the open files are saved first.
 *
 * What is typed reaches the disk only every 45 s, or when its file is closed. So the open files are
 * closed, and the action waits until they are on disk; then they are opened again, whatever came of
 * it. The file's own time on disk is believed, and no reply.
 */

import { Unsaved, offer, pause, saved, settleElsewhere } from "./handover.js";
import { session } from "./notebook.js";

const LOOK = 700; // ms between two looks at the disk
const QUIET = 3; // looks without a change: what has not been saved by now had nothing to save
const CLOSED = 4000; // for files that were closed
const LEFT = 7000; // for those of a page that was left

const words = document.getElementById("handover").dataset;
let open = []; // in the frame, as last heard

session.addEventListener("reply", ({ detail: { status } }) => {
  if (status) open = status.openFiles.get(session.project) ?? [];
});

/** Has the folder's open files saved. @returns {Promise<() => void>} opens them again */
async function save() {
  const { times: before, unsaved } = await saved();
  if (session.atRisk) throw new Unsaved(words.atRisk);
  if (session.first) {
    // Nothing is open here yet; but it was until a moment ago, or is in another tab.
    await settleElsewhere(unsaved);
    return () => {};
  }
  // Where nothing answers, one file is known.
  const heard = await session.command("status").then(() => open, () => null);
  // By their paths in the project, the one in front last.
  const files = [...(heard ?? []).filter((file) => file !== session.path), session.path];
  const watched = (heard ?? files).filter((file) => before.has(file));
  if (!watched.length) return () => {}; // nothing is open
  let closed = session.alive;
  if (closed) closed = await session.command("closeall", true).then(() => true, () => false);
  let bringBack = () => session.reopen(files);
  try {
    if (closed && (await settle(watched, before, CLOSED))) return bringBack;
    // Closing did not save, or there was nothing to save: leaving the page does.
    session.leave(files);
    bringBack = () => session.start();
    // Where it answers no message, nobody says that there was nothing to save.
    if (!(await settle(watched, before, LEFT)) && !closed) throw new Error(words.silent);
    return bringBack;
  } catch (error) {
    throw new Unsaved(error.message, bringBack);
  }
}

/** Waits until files are on disk. @returns whether any of them was written */
async function settle(files, before, limit) {
  const end = performance.now() + limit;
  let last = before;
  for (let quiet = 0; ; ) {
    await pause(LOOK);
    const late = performance.now() > end;
    const looked = await saved().catch((error) => {
      if (late) throw error; // once may be chance
    });
    if (!looked) continue;
    const { times } = looked;
    quiet = files.every((file) => times.get(file) === last.get(file)) ? quiet + 1 : 0;
    last = times;
    const written = files.filter((file) => times.get(file) !== before.get(file));
    if (written.length && quiet >= (written.length === files.length ? 1 : QUIET)) return true;
    if (late) return written.length > 0;
  }
}

offer({ save, leave: () => document.getElementById("frame").focus() });
