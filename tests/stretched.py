"""A made-up language that shows what a real one would break, on pages in a browser.

Its texts are the English ones with other vowels, 40 % longer, and written from right to left. So
what still has plain vowels was not translated, and what sticks out has no room for German.
"""

import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db.models import CharField, EmailField, JSONField, TextField
from django.utils.translation import trans_real
from playwright.sync_api import Page

CODE = "ar"  # Django knows of it that it is written from right to left
_VOWELS = str.maketrans("aeiouAEIOU", "áéíóúÁÉÍÓÚ")
# Placeholders, tags, entities and what stands in { } for a script stay as they are.
_KEPT = re.compile(r"(%\(\w+\)[sd]|%[sd]|%%|<[^>]*>|&\w+;|{[^}]*}|\\.|%[a-zA-Z])")
_LONGER = 0.4
_WORD = re.compile(r"[A-Za-z]{3,}")


def stretched(text: str) -> str:
    """Say a text in the made-up language: each word is longer by its own end."""

    def longer(match: re.Match[str]) -> str:
        word = match[0]
        return word + word[-math.ceil(len(word) * _LONGER) :].lower()

    return "".join(
        part if index % 2 else _WORD.sub(longer, part).translate(_VOWELS)
        for index, part in enumerate(_KEPT.split(text))
    )


class Stretched(trans_real.DjangoTranslation):
    """The made-up language, as Django asks a language for its texts."""

    def gettext(self, message: str) -> str:
        # Patterns of dates, and words that stand for a number or a choice, are Django's own.
        context, _, text = message.rpartition(trans_real.CONTEXT_SEPARATOR)
        return text if context == "date format" or not text.strip() else stretched(text)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


# What `window.django` is to our scripts in that language.
SCRIPT = """
(() => {
  const kept = /(%\\(\\w+\\)[sd]|<[^>]*>|{[^}]*})/;
  const vowels = { a: "á", e: "é", i: "í", o: "ó", u: "ú", A: "Á", E: "É", I: "Í", O: "Ó", U: "Ú" };
  const longer = (word) => word + word.slice(-Math.ceil(word.length * 0.4)).toLowerCase();
  const say = (text) => text.replace(/[A-Za-z]{3,}/g, longer)
    .replace(/[aeiou]/gi, (one) => vowels[one]);
  const gettext = (text) => text.split(kept)
    .map((part, at) => (at % 2 ? part : say(part))).join("");
  const ngettext = (one, many, n) => gettext(n === 1 ? one : many);
  globalThis.django = { gettext, ngettext, pgettext: (context, text) => gettext(text) };
})();
"""

# What is the same in all languages: names, endings, keys of a keyboard, units.
_NAMES = {
    *("cocalc", "lectern", "markdown", "jupyter", "nbgrader", "ipynb", "csv", "xlsx", "zip"),
    *("utc", "ctrl", "alt", "enter", "esc", "english", "deutsch", "cet", "cest", "ics"),
}


def words_in(data: object) -> set[str]:
    """Return the words that stand in what somebody has typed."""
    return {word.lower() for word in _WORD.findall(str(data))}


def data_words() -> set[str]:
    """Return each word that stands in the database: names, titles, and whatever people wrote."""
    fields = (CharField, TextField, EmailField, JSONField)
    found: set[str] = set()
    for model in apps.get_models():
        names = [field.name for field in model._meta.fields if isinstance(field, fields)]
        for row in model._default_manager.values_list(*names) if names else ():
            found.update(words_in(row))
    return found


def not_translated(page: Page, data: Iterable[str]) -> Iterator[str]:
    """Give the texts of a page that are in plain English, and no data."""
    known = {*data, *_NAMES}
    texts: list[Any] = page.evaluate(_TEXTS, _WITHOUT)
    for text in texts:
        words = [word for word in _WORD.findall(text) if re.search("[aeiou]", word, re.IGNORECASE)]
        if any(word.lower() not in known for word in words):
            yield f"not translated: {text[:80]!r}"


# Programs, names of places, and what says of itself that it is the same in all languages.
_WITHOUT = (
    "script, style, noscript, code, kbd, pre, textarea, [name=time_zone], "
    "[lang]:not(html), [translate=no]"
)
_TEXTS = """(WITHOUT) => {
  const found = new Set();
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode()); ) {
    const element = node.parentElement;
    if (element.closest(WITHOUT)) continue;
    if (node.data.trim()) found.add(node.data.trim());
  }
  for (const name of ["aria-label", "title", "placeholder", "alt", "aria-description"])
    for (const element of document.querySelectorAll(`[${name}]`))
      found.add(element.getAttribute(name));
  return [...found];
}"""
