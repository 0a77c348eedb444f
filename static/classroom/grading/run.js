/**
 * Looks every two seconds how a run goes on, and puts the page's parts that tell it in place, where
 * they changed. What the reader has opened stays open. It is spoken ten times at most.
 */
const EVERY = 2000;
const SLOW = 15000; // after a failure

const opened = () => new Set(
  [...document.querySelectorAll(".run-line")]
    .filter((row) => row.querySelector("details[open]"))
    .map((row) => row.querySelector("th").textContent),
);

async function look() {
  const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
  if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("run-state");
  if (!fresh) throw new Error("no state");
  const open = opened();
  for (const row of fresh.querySelectorAll(".run-line"))
    if (open.has(row.querySelector("th").textContent)) row.querySelector("details")?.setAttribute("open", "");
  say(fresh);
  // The buttons are others when it has ended.
  for (const part of [fresh, page.getElementById("run-buttons")]) {
    const old = document.getElementById(part.id);
    if (plain(old) !== plain(part)) old.replaceWith(part);
  }
  return "underWay" in fresh.dataset;
}

const plain = (part) => part.outerHTML.replace(/name="csrfmiddlewaretoken" value="[^"]*"/g, "");
const tenth = (state) => Math.floor((state.querySelector("progress")?.position ?? 1) * 10);

function say(fresh) {
  const old = document.getElementById("run-state");
  if (tenth(fresh) === tenth(old) && "underWay" in fresh.dataset) return;
  document.getElementById("run-said").textContent = fresh.querySelector("label").textContent.trim();
}

async function keepLooking() {
  let pause = EVERY;
  for (;;) {
    await new Promise((resolve) => { setTimeout(resolve, pause); });
    if (document.hidden) continue;
    try {
      if (!(await look())) return;
      pause = EVERY;
    } catch {
      pause = SLOW;
    }
  }
}
keepLooking();
