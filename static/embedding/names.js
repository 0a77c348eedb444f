/** What a new name means, where it means more than a name: asked before it is given. */

import { Choice } from "./ask.js";
import { fill, gettext } from "./words.js";

const isNotebook = (name) => /\.ipynb$/i.test(name);
const ENDING = /^(.+)\.[a-z]\w{0,9}$/i;

/**
 * @param {{name: string, folder: boolean}} entry as it is
 * @param {object} answer what was chosen so far
 * @returns {string} the name to give; throws a Choice where the user must say more
 */
export function newName(entry, wanted, answer) {
  const parts = wanted.split("/");
  const name = parts.pop();
  const odd = ["", ".", ".."];
  // What is no path at all our site refuses.
  if (parts.length && !answer.moves && ![name, ...parts].some((part) => odd.includes(part))) {
    const text = gettext(
      "A name cannot contain “/”. Move “%(old)s” to the folder “%(folder)s” as “%(name)s”?",
    );
    const values = { old: entry.name, folder: parts.join("/"), name };
    throw new Choice(fill(text, values), [gettext("Move"), { ...answer, moves: true }]);
  }
  if (!entry.folder && isNotebook(entry.name) && !isNotebook(name)) {
    if (answer.keeps) return `${wanted.replace(ENDING, "$1")}.ipynb`;
    if (!answer.drops)
      throw new Choice(
        gettext("Without “.ipynb”, this file no longer opens as a notebook."),
        [gettext("Keep “.ipynb”"), { ...answer, keeps: true }],
        [gettext("Rename anyway"), { ...answer, drops: true }],
      );
  }
  if (name.startsWith(".") && !odd.includes(name) && !entry.name.startsWith(".") && !answer.hides)
    throw new Choice(
      gettext("Names that begin with “.” are hidden. You will no longer see it in this list."),
      [gettext("Rename anyway"), { ...answer, hides: true }],
    );
  return wanted;
}
