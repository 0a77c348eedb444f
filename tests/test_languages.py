"""Every text can be translated, and is: the sources, the catalogs, and what is made of them."""

import re
from gettext import GNUTranslations
from io import BytesIO

import pytest
from babel.messages.catalog import Catalog, Message

from tests import unmarked
from tests.messages import DOMAINS, PARTS, Part, forms, known, languages, mo, path_of, po, renewed

# For programmers, for whoever sets a site up, and what runs in a student's project: what that
# reports is known by `nbgrader.reports`, and said in the reader's language.
NOT_FOR_READERS = (
    *("embedding/checks.py", "embedding/management/", "embedding/cocalc/", "embedding/models.py"),
    *("platform/config/env.py", "platform/config/settings.py", "platform/config/logs.py"),
    "platform/config/health.py",
    *("platform/config/example.py", "platform/config/katex.py", "platform/classroom/management/"),
    *("platform/classroom/nbgrader/run_notebook.py", "platform/classroom/nbgrader/kernel_"),
    *("platform/classroom/nbgrader/guarding.py", "platform/classroom/nbgrader/runner.py"),
    *("platform/classroom/nbgrader/cutting.py", "platform/classroom/people/roster_"),
)
# What reads like a text and is none: its file, and how it begins.
NO_TEXTS = (
    # The causes of faults, for logs and administrators.
    ("embedding/services/diagnosis.py", "There is no such thing"),
    ("embedding/services/mapping.py", ""),
    ("embedding/services/checking/place.py", "CoCalc named the service account"),
    ("platform/administration/checking/", "This is no address"),
    ("platform/administration/checking/", "There is no such link."),
    ("embedding/services/sessions.py", ""),
    ("embedding/views/access.py", ""),
    ("embedding/views/files.py", "There is no file in this request."),
    ("platform/administration/people/held.py", ""),
    ("platform/classroom/models/submissions.py", "order of cells"),
    ("platform/config/probe.py", "no answer on port"),
    ("platform/config/metrics/", ""),  # for programs that read numbers
    ("platform/classroom/carrying/", ""),
    ("platform/classroom/rules/manifest.py", ""),
    ("platform/classroom/rules/saved_times.py", ""),
    ("platform/classroom/rules/source_folder.py", ""),
    ("platform/classroom/steps/commands.py", "the command's output"),
    ("platform/classroom/steps/prepare.py", "the share of accounts"),
    # Shell, selectors, names and the like.
    ("embedding/services/files.py", "Python 3 (ipykernel)"),
    ("embedding/services/trash.py", " ]; then"),
    ("platform/classroom/grading/exports.py", " (before late penalty)"),  # a column for imports
    ("platform/classroom/pages/text.py", "noopener"),
    ("platform/classroom/students/standing.py", "on its way"),
    ("static/embedding/element-look.js", ""),
    ("static/embedding/element-view.js", "\n<a id"),
    ("static/embedding/element.js", "<cocalc-notebook>"),
    ("static/embedding/states.js", ""),
    ("static/embedding/uploads.js", "Accept"),
    ("static/embedding/uploads.js", "Files"),
    ("static/classroom/grading/desk.js", "input, textarea"),
    ("static/classroom/pages/live.js", "a, button"),
    # CoCalc's own words, and those of commands to it.
    ("static/embedding/bridge.js", "all files are closed"),
)
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


def _is_no_text(found: str) -> bool:
    place, _, text = found.partition(": ")
    return any(place.startswith(file) and text.startswith(words) for file, words in NO_TEXTS)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: str(part.name))
def test_every_text_of_the_sources_is_marked(part: Part) -> None:
    found = {
        text
        for domain in DOMAINS
        for path in part.sources(domain)
        for text in unmarked.of(path)
        if not text.startswith(NOT_FOR_READERS) and not _is_no_text(text)
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
