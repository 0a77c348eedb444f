// Offers the browser's own time zone to who has not chosen one.

import { fill, gettext } from "../../embedding/words.js";

const offer = document.getElementById("zone-offer");
const zones = document.querySelector("select[name=time_zone]");
const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
const known = [...zones.options].some(({ value }) => value && value === own);

if (known && !zones.value) {
  const button = offer.querySelector("button");
  button.textContent = fill(gettext("Use this device’s time zone: %(zone)s"), { zone: own });
  button.addEventListener("click", () => {
    zones.value = own;
    offer.hidden = true;
    zones.focus();
  });
  offer.hidden = false;
}
