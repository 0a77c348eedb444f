"""The demo's page with notebooks in it."""

import json

import pytest
from django.test import override_settings

from config import example
from embedding.problems import Problem
from tests.conftest import HttpsClient, Person

pytestmark = [pytest.mark.django_db, pytest.mark.urls("config.example")]


def test_signed_out_each_notebook_leads_to_signing_in() -> None:
    page = HttpsClient().get("/example/").content.decode()
    assert page.count('href="/sign-in/?next=/example/"') == 4
    assert "<cocalc-notebook" not in page
    assert HttpsClient().post("/example/begin")["Location"] == "/sign-in/?next=/example/begin"


def test_from_a_button_to_the_lesson(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = person("ada")
    given: list[object] = []
    monkeypatch.setattr(example, "hand_out", given.append)
    browser = HttpsClient(ada)
    assert "<cocalc-notebook" not in browser.get("/example/").content.decode()
    page = browser.post("/example/begin", follow=True).content.decode()
    assert given == [ada]
    assert page.count("<cocalc-notebook") == 3
    assert "you may not open it" in page


def test_what_goes_wrong_is_said(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: object) -> None:
        raise Problem("cannot_connect", "CoCalc cannot be reached.", status=503)

    monkeypatch.setattr(example, "hand_out", fails)
    answer = HttpsClient(person("ada")).post("/example/begin")
    assert answer.status_code == 503
    assert "CoCalc cannot be reached." in answer.content.decode()


@override_settings(ROOT_URLCONF="config.urls")
def test_the_site_itself_has_no_such_page() -> None:
    assert HttpsClient().get("/example/").status_code == 404


def test_its_notebooks_are_notebooks() -> None:
    import nbformat

    for sources in example.LESSON.values():
        content = json.loads(example.notebook(sources))
        nbformat.validate(nbformat.from_dict(content))
