"""Every text can be translated, and is: the sources, the catalogs, and what is made of them."""

import re
from gettext import GNUTranslations
from io import BytesIO

import pytest
from babel.messages.catalog import Catalog, Message

from tests import unmarked
from tests.messages import DOMAINS, PARTS, Part, forms, known, languages, mo, path_of, po, renewed

# What reads like a text and is none, or is for programmers: its file, and how it begins.
RIGHT_AS_IT_IS: tuple[tuple[str, str], ...] = ()
_PLACES = re.compile(r"%\(\w+\)[sd]|%%|</?\w+|\{\w*\}")

every = pytest.mark.parametrize(
    ("part", "domain", "language"),
    [
        pytest.param(part, domain, language, id=f"{part.name}-{domain}-{language}")
        for part in PARTS
        for domain in DOMAINS
        for language in languages()
    ],
)


def _messages(catalog: Catalog) -> list[Message]:
    return [message for message in catalog if message.id]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: str(part.name))
def test_every_text_of_the_sources_is_marked(part: Part) -> None:
    found = {
        text
        for domain in DOMAINS
        for path in part.sources(domain)
        for text in unmarked.of(path)
        if not any(
            text.startswith(file) and beginning in text for file, beginning in RIGHT_AS_IT_IS
        )
    }
    assert found == set(), "\n".join(sorted(found))


@every
def test_the_catalogs_hold_what_the_sources_say(part: Part, domain: str, language: str) -> None:
    now = renewed(part, domain, language)
    path = path_of(part, domain, language)
    assert path.read_bytes() == po(now), "Run `make messages`, and translate what is new."
    compiled = GNUTranslations(BytesIO(path.with_suffix(".mo").read_bytes()))
    wanted = GNUTranslations(BytesIO(mo(now)))
    assert vars(compiled)["_catalog"] == vars(wanted)["_catalog"], "Run `make messages`."


@every
def test_every_text_is_translated(part: Part, domain: str, language: str) -> None:
    wrong = []
    for message in _messages(known(part, domain, language)):
        said = forms(message)
        originals = message.id if isinstance(message.id, (list, tuple)) else (message.id,)
        allowed = sorted(_PLACES.findall(originals[-1]))
        if not all(said) or message.fuzzy:
            wrong.append(f"not translated: {originals[0]}")
        elif len(originals) == 1 and sorted(_PLACES.findall(said[0])) != allowed:
            wrong.append(f"other placeholders or tags: {said[0]}")
        elif any(not set(_PLACES.findall(each)) <= set(allowed) for each in said):
            wrong.append(f"a placeholder that is not known: {said}")
        elif any(
            (each[0].isspace(), each[-1].isspace())
            != (originals[0][0].isspace(), originals[0][-1].isspace())
            for each in said
        ):
            wrong.append(f"begins or ends with another space: {said[0]!r}")
    assert wrong == [], "\n".join(wrong)


def test_the_finder_finds() -> None:
    template = """{% load i18n %}<p title="A hint">Hello {{ name }}</p>{% translate "Marked" %}
        {% include "x.html" with label="Some label" %}<b>{{ x|date:"D j M" }} – 3</b>"""
    assert sorted(unmarked.in_template(template)) == ["A hint", "Hello", "Some label"]
    python = 'log.info("A line of the log")\nraise Problem(_("It is marked."), "It is not marked.")'
    assert [text for _, text in unmarked.in_python(python)] == ["It is not marked."]
    script = 'say(gettext("It is marked."), `It is ${not} marked.`, "Escape"); // A comment'
    assert [text for _, text in unmarked.in_script(script)] == ["It is ${not} marked."]
