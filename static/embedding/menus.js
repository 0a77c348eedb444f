/** Menus, which are `<details class="menu">`, close on Escape and when one turns elsewhere. */

function close(stays, back = false) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (stays(menu)) continue;
    const focused = menu.contains(document.activeElement);
    menu.open = false;
    if (back && focused) menu.querySelector("summary").focus();
  }
}

const elsewhere = ({ target }) => close((menu) => menu.contains(target));

document.addEventListener("click", elsewhere);
document.addEventListener("focusin", elsewhere);
// Into a frame, whose clicks this page does not hear of.
window.addEventListener("blur", () => {
  if (document.activeElement?.tagName === "IFRAME") close(() => false);
});
document.addEventListener("keydown", ({ key }) => key === "Escape" && close(() => false, true));
