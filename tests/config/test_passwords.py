"""Which passwords are refused, in the site's own words."""

import pytest
from django.urls import reverse

from tests.conftest import HttpsClient, Person

pytestmark = pytest.mark.django_db


def _change(person: Person, password: str) -> tuple[int, str]:
    user = person("ada.lovelace", first_name="Augusta", email="countess@school.test")
    passwords = {"old_password": "notebook", "new_password1": password, "new_password2": password}
    answer = HttpsClient(user).post(reverse("password_change"), passwords)
    user.refresh_from_db()
    assert user.check_password(password) == (answer.status_code == 302)
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize("password", ["ada.lovelace1", "augusta99", "countess@school.test"])
def test_what_is_like_the_person_is_refused_in_our_words(person: Person, password: str) -> None:
    status, page = _change(person, password)
    assert status == 200
    assert "too similar to your user name, name or e-mail address" in page
    assert "username." not in page


def test_another_is_taken(person: Person) -> None:
    assert _change(person, "a much better one")[0] == 302
