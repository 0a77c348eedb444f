/**
 * Scores typed straight into the table. One cell has the focus; arrow keys lead on, typing or Enter
 * begins, Enter or Tab saves. What is pasted goes down from the cell, and to the right. Every save
 * says what the cell showed before, so that nobody's score is overwritten; an undo is a save with
 * the two the other way round.
 */
import { fill, gettext, ngettext } from "../../embedding/words.js";

const table = document.querySelector("[data-entry]");
const bar = document.querySelector("[data-entry-bar]");
const said = bar.querySelector("[data-said]");
const errors = bar.querySelector("[data-errors]");
const undo = bar.querySelector("[data-undo]");
const rows = [...table.tBodies[0].rows].map((row) => [...row.querySelectorAll("td.entry")]);
const done = []; // each a list of {cell, before, after}
const right = getComputedStyle(table).direction === "rtl" ? -1 : 1;
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -right], ArrowRight: [0, right] };
let current = rows.flat()[0];
let saving = Promise.resolve();

/** @param {HTMLElement} cell @returns {[number, number]} */
function place(cell) {
  const row = rows.findIndex((cells) => cells.includes(cell));
  return [row, rows[row].indexOf(cell)];
}

/** @param {HTMLElement | undefined} cell */
function go(cell) {
  if (!cell) return;
  current.tabIndex = -1;
  current = cell;
  current.tabIndex = 0;
  current.focus();
  current.scrollIntoView({ block: "nearest", inline: "nearest" });
}

/** @param {HTMLElement} cell */
function beside(cell, [down, right]) {
  const [row, column] = place(cell);
  return rows[row + down]?.[column + right];
}

/** Write into a cell. @param {HTMLElement} cell @param {string} text to begin with */
function write(cell, text) {
  const input = document.createElement("input");
  input.inputMode = "decimal";
  input.autocomplete = "off";
  input.maxLength = 30;
  input.setAttribute("aria-label", name(cell));
  input.value = text;
  const kept = [...cell.childNodes];
  let over = false;

  /** @param {boolean} save @param {[number, number]=} step */
  function end(save, step) {
    if (over) return;
    over = true;
    const typed = input.value.trim();
    cell.replaceChildren(...kept);
    if (save && typed !== cell.dataset.value) give([{ cell, typed }]);
    if (step) go(beside(cell, step) ?? cell);
  }

  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    event.stopPropagation();
    if (event.key === "Escape") end(false, [0, 0]);
    else if (event.key === "Enter") end(true, [event.shiftKey ? -1 : 1, 0]);
    else if (event.key === "Tab") end(true, [0, event.shiftKey ? -1 : 1]);
    else if (event.key === "ArrowUp" || event.key === "ArrowDown") end(true, STEPS[event.key]);
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", () => end(true));
  cell.replaceChildren(input);
  input.focus();
  if (text === cell.dataset.value) input.select();
}

/** Whose score it is, and for what. @param {HTMLElement} cell */
function name(cell) {
  const student = cell.parentElement.querySelector("th").textContent.trim();
  const title = table.tHead.rows[0].cells[cell.cellIndex].textContent.trim();
  return fill(gettext("%(student)s, %(assignment)s"), { student, assignment: title });
}

/** Save, one after the other: what is typed next must see what was saved before.
 *  @param {{cell: HTMLElement, typed: string}[]} entries */
function give(entries, isUndo = false, more = []) {
  for (const { cell } of entries) cell.ariaBusy = "true";
  saving = saving.then(() => send(entries, isUndo, more));
}

async function send(entries, isUndo, more) {
  const before = entries.map(({ cell }) => cell.dataset.value);
  for (const cell of table.querySelectorAll("[aria-invalid]")) cell.removeAttribute("aria-invalid");
  const faults = [...more];
  const changes = [];
  try {
    const answer = await fetch(location.pathname, {
      method: "POST",
      headers: {
        "Content-Type": "application/json",
        "X-CSRFToken": bar.querySelector("[name=csrfmiddlewaretoken]").value,
      },
      body: JSON.stringify({
        entries: entries.map(({ cell, typed }) => ({
          assignment: Number(cell.dataset.assignment),
          student: Number(cell.dataset.student),
          before: cell.dataset.value,
          work: cell.dataset.work,
          typed,
        })),
      }),
    });
    const { cells, error } = await answer.json();
    if (!cells) throw new Error(error);
    cells.forEach((found, at) => {
      const { cell } = entries[at];
      show(cell, found);
      if (found.error) faults.push(found.error);
      else if (found.value !== before[at]) {
        changes.push({ cell, before: before[at], after: found.value, said: found.said });
      }
    });
  } catch (error) {
    const ours = error instanceof SyntaxError || error instanceof TypeError || !error.message;
    faults.push(ours ? bar.dataset.failed : error.message);
    for (const { cell } of entries) cell.setAttribute("aria-invalid", "true");
  }
  for (const { cell } of entries) cell.ariaBusy = null;
  if (changes.length && !isUndo) done.push(changes);
  undo.disabled = !done.length;
  const count = changes.length;
  const words = count === 1
    ? changes[0].said
    : fill(ngettext("%(count)s score saved.", "%(count)s scores saved.", count), { count });
  said.textContent = count ? `${isUndo ? `${bar.dataset.undone} ` : ""}${words}` : "";
  errors.replaceChildren(
    ...faults.map((fault) => Object.assign(document.createElement("li"), { textContent: fault })),
  );
}

/** Show how a cell is now. */
function show(cell, { value, text, state, words, work, total, error }) {
  if (error) cell.setAttribute("aria-invalid", "true");
  if (value === undefined) return;
  Object.assign(cell.dataset, { value, work });
  const span = cell.querySelector(".cell");
  if (span) {
    span.className = `cell ${state}`;
    span.textContent = text;
    span.title = words;
  }
  cell.parentElement.querySelector("[data-total]").textContent = total;
}

function takeBack() {
  const changes = done.pop();
  undo.disabled = !done.length;
  if (changes) give(changes.map(({ cell, before }) => ({ cell, typed: before })), true);
}

table.addEventListener("keydown", (event) => {
  const cell = event.target.closest("td.entry");
  if (!cell || event.isComposing) return;
  const { key } = event;
  if ((event.ctrlKey || event.metaKey) && !event.altKey) {
    if (key.toLowerCase() !== "z" || event.shiftKey) return;
    takeBack();
  } else if (event.altKey) return;
  else if (STEPS[key]) go(beside(cell, STEPS[key]));
  else if (key === "Home") go(rows[place(cell)[0]][0]);
  else if (key === "End") go(rows[place(cell)[0]].at(-1));
  else if (key === "Enter" || key === "F2") write(cell, cell.dataset.value);
  else if (key === "Delete" || key === "Backspace") {
    if (cell.dataset.value) give([{ cell, typed: "" }]);
  } else if (/^[\d.,]$/.test(key)) write(cell, key);
  else return;
  event.preventDefault();
});
// The first click goes there, the second begins: a touch screen has no keys before that.
let was = null;
table.addEventListener("pointerdown", () => { was = document.activeElement; });
table.addEventListener("click", (event) => {
  const cell = event.target.closest("td.entry");
  if (!cell || event.target.localName === "input") return;
  if (cell === was) write(cell, cell.dataset.value);
  else go(cell);
});
table.addEventListener("focusin", (event) => {
  if (event.target.matches("td.entry")) {
    current.tabIndex = -1;
    current = event.target;
    current.tabIndex = 0;
  }
});

document.addEventListener("paste", (event) => {
  if (event.target.closest?.("input, textarea") || document.activeElement !== current) return;
  event.preventDefault();
  const lines = event.clipboardData.getData("text/plain").replace(/\r?\n$/, "").split(/\r?\n/);
  const entries = [];
  let left = 0;
  lines.forEach((line, down) => line.split("\t").forEach((text, right) => {
    const typed = text.trim();
    if (!typed) return; // an empty cell leaves the score as it is
    const cell = beside(current, [down, right]);
    if (!cell) left += 1;
    else if (typed !== cell.dataset.value) entries.push({ cell, typed });
  }));
  const words = ngettext(
    "%(count)s pasted number was left out, because the table has no cell for it.",
    "%(count)s pasted numbers were left out, because the table has no cells for them.",
    left,
  );
  const more = left ? [fill(words, { count: left })] : [];
  if (entries.length) give(entries.slice(0, 500), false, more);
});

undo.addEventListener("click", takeBack);
addEventListener("beforeunload", (event) => {
  if (table.querySelector("[aria-busy=true], input")) event.preventDefault();
});
if (current) current.tabIndex = 0;
