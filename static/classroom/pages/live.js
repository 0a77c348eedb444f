// The page looks again by itself, and nobody who works on it is to notice: what is as it was is left
// alone, so that it is not spoken once more; the focus stays where it was, and what was unfolded
// stays unfolded.
const answers = new Map(); // an address to what it answered last, without what differs each time
const LIVE = "#standing, #step-panels, #students, #version, #copies";
const EACH_TIME = /name="csrfmiddlewaretoken" value="[^"]*"|nonce="[^"]*"/g;

// What a control is called, by which it is known again when it was made anew.
const mark = (element) =>
  [element.localName, element.id, element.name, element.value, element.textContent.trim()].join("|");

let held = null; // {element, mark, part} that has the focus while the page changes
let open = [];

document.addEventListener("htmx:beforeSwap", ({ detail }) => {
  const address = detail.pathInfo.requestPath.replace(/said=\d*/, "");
  const answer = detail.serverResponse.replace(EACH_TIME, "");
  if (answers.get(address) === answer) detail.shouldSwap = false;
  answers.set(address, answer);
  const element = document.activeElement;
  const part = element?.closest(LIVE);
  held = part ? { element, mark: mark(element), part: part.id } : null;
  open = [...document.querySelectorAll("#standing details[open]")].map(summaryOf);
});

const summaryOf = (details) => details.querySelector("summary").textContent.trim();

document.addEventListener("htmx:afterSettle", () => {
  for (const details of document.querySelectorAll("#standing details"))
    if (open.includes(summaryOf(details))) details.open = true;
  if (!held || held.element.isConnected) return;
  const part = document.getElementById(held.part);
  const same = [...part.querySelectorAll("a, button, input, select, summary")];
  const next = same.find((each) => mark(each) === held.mark) ?? part;
  if (next === part) part.tabIndex = -1;
  next.focus({ preventScroll: true });
  held = null;
});
