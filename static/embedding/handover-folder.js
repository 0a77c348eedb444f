/** The site's action on a folder's page: its files may be open in other tabs. */

import { offer, saved, settleElsewhere } from "./handover.js";

async function save() {
  await settleElsewhere((await saved()).unsaved);
  return () => {};
}

offer({ save, leave: () => document.querySelector("#handover-form button").focus() });
