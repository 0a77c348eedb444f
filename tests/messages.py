"""Gathers all texts that are marked for translation, into the catalogs beside the code.

`python -m tests.messages` writes each language's `.po` files, where translators work, and the
`.mo` files that Django reads. Babel reads the sources, so no machine needs GNU gettext.
"""

import io
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).parent.parent
SOURCE = "en"
KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    **dict.fromkeys(("_", "noop", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy", "noop_plural"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
# The stand-in for CoCalc, and what only the demo says, are for developers, in English.
_EXEMPT = ("platform/sandbox", "platform/config/demo")
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Part:
    """What has catalogs of its own: the app, which other sites use too, and this site."""

    name: str
    catalogs: Path
    code: tuple[str, ...]
    templates: tuple[str, ...]
    scripts: tuple[str, ...]

    def sources(self, domain: str) -> Iterator[Path]:
        """Give the files whose texts stand in a domain's catalog."""
        if domain == "djangojs":
            wanted = [("*.js", self.scripts)]
        else:
            wanted = [("*.py", self.code), ("*.html", self.templates), ("*.txt", self.templates)]
        for pattern, folders in wanted:
            for folder in folders:
                for path in sorted((ROOT / folder).rglob(pattern)):
                    place = path.relative_to(ROOT).as_posix()
                    if not place.startswith(_EXEMPT) and "/migrations/" not in place:
                        yield path


APP = Part(
    "embedding",
    ROOT / "embedding/locale",
    ("embedding",),
    ("templates/embedding",),
    ("static/embedding",),
)
SITE = Part(
    "lectern",
    ROOT / "platform/locale",
    ("platform",),
    (
        "templates/classroom",
        "templates/administration",
        "templates/registration",
        "templates/admin",
    ),
    ("static/classroom", "static/administration"),
)
PARTS = (APP, SITE)
DOMAINS = ("django", "djangojs")


def languages() -> list[str]:
    """Return the languages that the site has translations for."""
    return [code for code, _ in settings.LANGUAGES if code != SOURCE]


def texts(path: Path) -> Iterator[tuple[int, str | tuple[str, ...], list[str], str | None]]:
    """Give each marked text of a file: line, text (or both forms), comments, context."""
    source = path.read_text()
    if path.suffix == ".js":
        method, options = "javascript", {"jsx": False, "template_string": False}
    else:
        method, options = "python", {}
        if path.suffix != ".py":
            # What Django makes of a template is nearly Python: of that, only the lines' beginnings
            # would be in the way.
            lines = templatize(source, origin=str(path)).splitlines()
            source = "\n".join(line.lstrip() for line in lines)
    found = extract(method, io.BytesIO(source.encode()), KEYWORDS, ["Translators"], options)
    for line, text, comments, context in found:
        if text:
            yield line, text, comments, context


def gathered(part: Part, domain: str) -> Catalog:
    """Return what the sources hold, as a catalog without translations."""
    catalog = Catalog(charset="utf-8")
    paths = list(part.sources(domain))
    if part is SITE and domain == "django":
        paths += [ROOT / "templates/base.html", ROOT / "templates/error.html"]
    for path in paths:
        place = path.relative_to(ROOT).as_posix()
        for _line, text, comments, context in texts(path):
            percent = ["python-format"] if "%(" in str(text) else []
            catalog.add(
                text,
                locations=[(place, 1)],
                flags=percent,
                auto_comments=comments,
                context=context,
            )
    return catalog


def path_of(part: Part, domain: str, language: str) -> Path:
    """Return where a catalog's `.po` file is; its `.mo` lies beside it."""
    return part.catalogs / language / "LC_MESSAGES" / f"{domain}.po"


def known(part: Part, domain: str, language: str) -> Catalog:
    """Return a catalog as its `.po` file has it."""
    path = path_of(part, domain, language)
    if not path.exists():
        return Catalog(locale=language, charset="utf-8", fuzzy=False)
    return read_po(io.BytesIO(path.read_bytes()), locale=language)


def renewed(part: Part, domain: str, language: str) -> Catalog:
    """Return the catalog of what the sources hold now, with the translations known."""
    old, new = known(part, domain, language), gathered(part, domain)
    catalog = Catalog(locale=language, charset="utf-8", fuzzy=False)
    for message in sorted(new, key=_order):
        if message.id:
            before = old.get(_id_of(message), message.context)
            fits = (
                before is not None and before.pluralizable == message.pluralizable and before.string
            )
            catalog.add(
                message.id,
                string=(before.string or "") if before is not None and fits else "",
                locations=message.locations,
                flags=message.flags,
                auto_comments=message.auto_comments,
                user_comments=before.user_comments if before is not None else (),
                context=message.context,
            )
    return catalog


def forms(message: Message) -> tuple[str, ...]:
    """Return the translations of a text: one, or one for each plural form."""
    return (message.string,) if isinstance(message.string, str) else tuple(message.string or ())


def _order(message: Message) -> tuple[str, str, str]:
    first = message.locations[0][0] if message.locations else ""
    return first, _id_of(message), message.context or ""


def _id_of(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def po(catalog: Catalog) -> bytes:
    """Write a catalog as translators read it, without dates, which would change each time."""
    out = io.BytesIO()
    head = f"Language: {catalog.locale_identifier}\nContent-Type: text/plain; charset=utf-8\n"
    head += f"Content-Transfer-Encoding: 8bit\nPlural-Forms: {catalog.plural_forms}\n"
    quoted = "".join(f'"{line}\\n"\n' for line in head.splitlines())
    out.write(f'msgid ""\nmsgstr ""\n{quoted}\n'.encode())
    write_po(out, catalog, width=_WIDTH, omit_header=True, include_lineno=False)
    return out.getvalue()


def mo(catalog: Catalog) -> bytes:
    """Write a catalog as Django reads it."""
    out = io.BytesIO()
    catalog.creation_date = catalog.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    write_mo(out, catalog)
    return out.getvalue()


def main() -> int:
    """Write all catalogs; say what has no translation yet, and fail where something has none."""
    missing = 0
    for language in languages():
        for part in PARTS:
            for domain in DOMAINS:
                catalog = renewed(part, domain, language)
                path = path_of(part, domain, language)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(po(catalog))
                path.with_suffix(".mo").write_bytes(mo(catalog))
                without = sum(1 for each in catalog if each.id and not _is_done(each))
                missing += without
                print(f"{path.relative_to(ROOT)}: {len(catalog)} texts, {without} to translate")
    return 1 if missing else 0


def _is_done(message: Message) -> bool:
    return bool(message.string) and all(forms(message))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    sys.exit(main())
