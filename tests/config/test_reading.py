"""In which language the site answers, and how its scripts get their words."""

import re

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils.translation import gettext, override

from classroom.engine.performing import perform
from classroom.models import Profile, Transfer
from classroom.steps import registry
from embedding.problems import Problem
from embedding.views import words
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db
SIGN_IN = "/sign-in/"


def _page(client: HttpsClient, address: str, browser: str) -> str:
    page: bytes = client.get(address, headers={"accept-language": browser}).content
    return page.decode()


def _german(text: str) -> str:
    with override("de"):
        said = gettext(text)
    assert said != text
    return said


@pytest.fixture
def ada() -> User:
    return factories.make_user("ada")


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr,de;q=0.5", "de"),
        ("fr", "en"),
        ("en-GB", "en"),
        ("x" * 600, "en"),
        ("", "en"),
    ],
)
def test_who_has_chosen_none_gets_the_browsers(asked: str, language: str) -> None:
    answer = HttpsClient().get(SIGN_IN, headers={"accept-language": asked})
    page = answer.content.decode()
    assert f'<html lang="{language}" dir="ltr"' in page
    assert (_german("User name") in page) is (language == "de")
    assert answer["Content-Language"] == language
    assert "Accept-Language" in answer["Vary"]


def test_what_a_user_has_chosen_goes_before_the_browsers(ada: User) -> None:
    client = HttpsClient(ada)
    Profile.objects.create(user=ada, language="de")
    today = reverse("classroom:today")
    assert '<html lang="de"' in _page(client, today, "en")
    Profile.objects.update(language="en")
    assert '<html lang="en"' in _page(client, today, "de")
    # A language that the site no longer has.
    Profile.objects.update(language="tlh")
    assert '<html lang="de"' in _page(client, today, "de")


def test_the_next_request_is_not_in_the_last_ones_language(ada: User) -> None:
    Profile.objects.create(user=ada, language="de")
    HttpsClient(ada).get(reverse("classroom:today"))
    assert '<html lang="en"' in HttpsClient().get(SIGN_IN).content.decode()


def test_a_refusal_for_scripts_is_in_the_users_language(ada: User) -> None:
    Profile.objects.create(user=ada, language="de")
    told = {
        name: HttpsClient(user).post(
            reverse("embedding:presence"), "no JSON", content_type="application/json"
        )
        for name, user in (("de", ada), ("en", factories.make_user("ben")))
    }
    assert [answer.status_code for answer in told.values()] == [400, 400]
    english, german = (told[name].json()["error"]["message"] for name in ("en", "de"))
    assert german == _german(english)


def test_scripts_get_their_words_once(ada: User) -> None:
    client = HttpsClient(ada)
    page = _page(client, reverse("embedding:mine"), "de")
    found = re.search(r'<script nonce="[^"]+" src="(/words/de\.[0-9a-f]{12}\.js)"></script>', page)
    assert found
    assert page.index(found[0]) < page.index('<script type="module"')
    script = HttpsClient().get(found[1])
    assert script["Content-Type"] == "text/javascript; charset=utf-8"
    assert "immutable" in script["Cache-Control"]
    assert '"Try again": "Erneut versuchen"' in script.content.decode()
    # An address of another version is answered, and not kept.
    other = HttpsClient().get("/words/de.000000000000.js")
    assert other.content == script.content
    assert other["Cache-Control"] == "no-cache"


def test_english_pages_need_no_words(ada: User) -> None:
    assert "/words/" not in HttpsClient(ada).get(reverse("embedding:mine")).content.decode()
    assert words.words_address() == ""


@pytest.mark.parametrize("address", ["/words/fr.000000000000.js", "/words/%2e%2e.x.js"])
def test_there_are_no_words_of_other_languages(address: str) -> None:
    assert HttpsClient().get(address).status_code == 404
    assert HttpsClient().post("/words/de.000000000000.js").status_code == 405


def test_a_worker_writes_in_the_language_of_who_asked(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    english = "CoCalc took too long to answer. Please try again."

    def run(transfer: Transfer) -> dict[str, object]:
        raise Problem("lost", gettext(english), status=504)

    course = factories.make_course(factories.make_user("teo", teacher=True))
    member = factories.enrol(course, ada)
    step = registry.Step(run=run)
    monkeypatch.setattr("classroom.engine.performing.step_of", lambda kind: step)
    transfer = Transfer(kind="submit", course=course, member=member)
    assert perform(transfer).error == english
    Profile.objects.create(user=ada, language="de")
    member.user = User.objects.get(pk=ada.pk)
    assert perform(transfer).error == _german(english)
