/**
 * Keeps a typed answer while the score is saved in the other form of the page: in this tab, until it
 * is sent.
 */
const form = document.querySelector("form[data-look]");
const answer = form.elements.namedItem("answer");
const key = `look ${form.elements.namedItem("look").value}`;

if (!answer.value) answer.value = sessionStorage.getItem(key) ?? "";
answer.addEventListener("input", () => sessionStorage.setItem(key, answer.value));
form.addEventListener("submit", () => sessionStorage.removeItem(key));
