/**
 * Counts the notices of this page as read, once somebody sees them. They stay marked as new until
 * the page is opened again; the bell's number goes. Without this, the page has a button for it.
 */
const form = document.getElementById("news-seen");

async function seen() {
  const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
  if (!answer.ok) return;
  const { unread } = await answer.json();
  const bell = document.querySelector(".bell");
  if (unread || !bell) return;
  bell.querySelector(".bell-count")?.remove();
  bell.setAttribute("aria-label", bell.dataset.read);
  document.getElementById("news-all")?.remove();
}

function look() {
  if (document.visibilityState !== "visible") return;
  document.removeEventListener("visibilitychange", look);
  seen().catch(() => {}); // the next look says it again
}

if (form) {
  document.addEventListener("visibilitychange", look);
  look();
}
