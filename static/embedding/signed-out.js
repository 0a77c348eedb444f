/** Signs this browser out of CoCalc: the door on CoCalc's host does it, in a frame nobody sees. */

const PATIENCE = 10000; // ms

const place = document.getElementById("signing-out");
const code = location.hash.slice(1);
history.replaceState(null, "", location.pathname); // it works once

const say = (what) => {
  for (const words of place.children) words.hidden = words.dataset.when !== what;
};

if (place && /^[\w-]{43}$/.test(code)) {
  const { door, origin } = place.dataset;
  const frame = document.createElement("iframe");
  Object.assign(frame, { hidden: true, src: door + code, referrerPolicy: "strict-origin" });
  addEventListener("message", ({ data, origin: from, source }) => {
    const isDoor = from === origin && source === frame.contentWindow;
    if (isDoor && data?.source === "lectern-door" && data.signedOut === true) say("done");
  });
  setTimeout(() => {
    if (place.querySelector('[data-when="done"]').hidden) say("failed");
  }, PATIENCE);
  say("waiting");
  document.body.append(frame);
}
