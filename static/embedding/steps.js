/** Back leads out of a page with notebooks in one step: see docs/scripts.md. */

const DEPTH = "cocalcNotebooks";
const depthOf = (state) => state?.[DEPTH] ?? 0;

let opening = 0; // frames that may still add steps
let before = 0; // the history's length without these
let pushed = 0; // its length by our last step
let address = ""; // of the page then
let here = depthOf(history.state);

/** A frame is about to be shown. @returns {() => void} to be called once, when it is ready or gone */
export function expectSteps() {
  if (!opening++) count();
  let over = false;
  return () => {
    if (over) return;
    over = true;
    opening--;
    const added = length() - before;
    // A page that has moved on by itself counts its own steps.
    if (added > 0 && address === location.href) cover(added);
    count();
  };
}

const length = () => Math.max(history.length, pushed);

function count() {
  before = length();
  address = location.href;
}

function cover(added) {
  const { state } = history;
  if (state !== null && typeof state !== "object") return; // not ours to wrap
  here = (depthOf(state) || 1) + added + 1;
  pushed = length() + 1;
  history.pushState({ ...state, [DEPTH]: here }, "");
  address = location.href;
}

window.addEventListener("popstate", ({ state }) => {
  const from = here;
  pushed = 0;
  here = depthOf(state);
  // Elsewhere it is the page's own step.
  if (from > here && location.href === address) history.go(1 - from);
});
