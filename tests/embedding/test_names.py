"""Names: nothing in them that cannot be seen, and nothing taken out that belongs to them."""

import pytest
from django.contrib.auth.models import User
from hypothesis import given
from hypothesis import strategies as st

from embedding.names import person_name, shown, tidy, visible
from embedding.problems import Problem


@pytest.mark.parametrize(
    ("name", "seen"),
    [
        ("photo_\u202egpj.exe", "photo_gpj.exe"),
        ("Ada\u202e", "Ada"),  # what would turn the words behind it
        ("\u2066Ada\u2069 \u200eKing\u200f\u061c", "Ada King"),
        ("\u202a\u202b\u202c\u202dAda\u2067\u2068", "Ada"),
        ("A\u200bd\u2060a\ufeff", "Ada"),
        ("Love\u00adlace", "Lovelace"),
        ("Ada\U000e0041\U000e007f", "Ada"),  # tags
        ("\u3164", ""),  # letters that look like nothing
        ("Ada\uffa0\u115f\u1160\u2800", "Ada"),
        ("A\u200cda", "Ada"),  # joiners where nothing joins
        ("\u200dAda\u200d", "Ada"),
        ("Adm\u200d\u200din", "Admin"),
    ],
)
def test_what_cannot_be_seen_is_taken_out(name: str, seen: str) -> None:
    assert visible(name) == tidy(name) == seen


@pytest.mark.parametrize(
    "name",
    [
        "علی\u200cرضا",  # noqa: RUF001  Persian
        "عَ\u200cلی",
        "क्\u200dष",  # Hindi
        "ന്\u200d",  # Malayalam, at the end of a name
        "র\u200d্য",  # Bengali
        "👩\u200d💻 Woche 1",
        "👩🏽\u200d💻",
        "❤️\u200d🔥",
        "葛\U000e0100城",  # the form of a letter that a family writes
        "José Nuñez-O’Brien",
        "שרה כהן",
    ],
)
def test_what_belongs_to_a_name_stays(name: str) -> None:
    assert visible(name) == tidy(name) == shown(name) == name


def test_spaces_and_control_characters() -> None:
    assert tidy(" Ada\t\u00a0King\n\0of\x9fLovelace ") == "Ada King of Lovelace"
    assert tidy("e\u0301") == "é"
    assert visible("Ada  King ") == "Ada  King "


def test_what_exists_is_shown_with_a_mark() -> None:
    assert shown("photo_\u202egpj.exe") == "photo_\ufffdgpj.exe"
    assert Problem("x", "“\u202ea” is missing.", status=404).message == "“\ufffda” is missing."


@given(st.text() | st.text(alphabet="aعक्\u200c\u200d\u202e👩\ufe0f\u0301 "))
def test_any_text(text: str) -> None:
    once = tidy(text)
    assert tidy(once) == once
    assert once == once.strip()
    assert not set(once) & set("\u202e\u2066\0")
    assert len(shown(text)) == len(text)


def test_what_a_user_is_called() -> None:
    assert (
        person_name(User(username="ada", first_name="A\u202eda", last_name=" King")) == "Ada King"
    )
    assert person_name(User(username="ada", first_name="\u200b", last_name="\u3164")) == "ada"
