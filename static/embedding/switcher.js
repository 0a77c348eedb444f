/** What the notebook page's switcher lists: the other files of the folder. */

import { encodePath, request } from "./our-site.js";
import { gettext, nameText } from "./words.js";

const $ = (id) => document.getElementById(id);

/**
 * @param {(file: string, url: string) => void} choose
 * @returns {Promise<void>} rejects with a RequestError
 */
export async function fill(urls, path, choose) {
  const folder = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
  const list = $("switch-list").querySelector("ul");
  const status = $("switch-status");
  const { body } = await request("GET", `${urls.listing}?${new URLSearchParams({ folder })}`);
  const files = body.entries.filter((entry) => !entry.folder).slice(0, 100);
  list.replaceChildren(
    ...files.map(({ name }) => {
      const file = folder ? `${folder}/${name}` : name;
      const link = document.createElement("a");
      link.href = `${urls.base}open/${encodePath(file)}`;
      link.textContent = nameText(name);
      if (file === path) link.setAttribute("aria-current", "true");
      link.addEventListener("click", (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        choose(file, link.href);
      });
      const item = document.createElement("li");
      item.append(link);
      return item;
    }),
  );
  status.textContent = files.length ? "" : gettext("This folder has no files.");
}
