"""Who sees people, and who may do what to whom."""

import pytest
from django.contrib.auth.models import User

from embedding.models import Event
from tests.classroom.factories import make_course, make_user
from tests.conftest import HttpsClient, Person

pytestmark = pytest.mark.django_db

# Each address, below people/<pk>/, and the methods that it takes of who may.
ACTS = ("suspend", "reinstate", "sign-out", "let-in", "prepare", "repair", "export", "unlink")
NOT_ON_ONESELF = ("suspend", "forget")
ASKED = ("account/anew", "forget", "link")


def url_of(user: User, act: str = "") -> str:
    return f"/admin/people/{user.pk}/{act}/" if act else f"/admin/people/{user.pk}/"


@pytest.mark.parametrize("page", ["people", "person"])
def test_pages_are_for_staff_who_may_see_users(
    boss: User, looker: User, ada: User, person: Person, page: str
) -> None:
    url = "/admin/people/" if page == "people" else url_of(ada)
    assert HttpsClient().get(url)["Location"].startswith("/admin/login/")
    assert HttpsClient(person("bob")).get(url).status_code == 302
    assert HttpsClient(person("idle", is_staff=True)).get(url).status_code == 403
    for user in (boss, looker):
        assert HttpsClient(user).get(url).status_code == 200
        assert HttpsClient(user).post(url).status_code == 405
    assert HttpsClient(boss).get("/admin/people/999999/").status_code == 404


@pytest.mark.parametrize("act", [*ACTS, *ASKED])
def test_acts_are_for_staff_who_may_change_users(
    boss: User, looker: User, ada: User, person: Person, act: str
) -> None:
    url = url_of(ada, act)
    assert HttpsClient().post(url)["Location"].startswith("/admin/login/")
    assert HttpsClient(ada).post(url)["Location"].startswith("/admin/login/")
    assert HttpsClient(person("idle", is_staff=True)).post(url).status_code == 403
    assert HttpsClient(looker).post(url).status_code == 403
    assert HttpsClient(boss).get(url).status_code == (200 if act in ASKED else 405)
    assert HttpsClient(boss).delete(url).status_code == 405
    assert HttpsClient(boss).post(url.replace(str(ada.pk), "999999")).status_code == 404
    assert HttpsClient(boss, csrf=True).post(url).status_code == 403
    ada.refresh_from_db()
    assert ada.is_active
    assert not Event.objects.filter(whom="ada").exists()


@pytest.mark.parametrize("act", [*ACTS, *ASKED])
def test_only_a_superuser_acts_on_a_superuser(
    boss: User, helper: User, person: Person, act: str
) -> None:
    assert HttpsClient(helper).post(url_of(boss, act)).status_code == 403
    page = HttpsClient(helper).get(url_of(boss)).content.decode()
    assert "only another superuser" in page
    assert "/suspend/" not in page
    boss.refresh_from_db()
    assert boss.is_active


@pytest.mark.parametrize("act", NOT_ON_ONESELF)
def test_nobody_does_it_to_oneself(boss: User, helper: User, act: str) -> None:
    for user in (boss, helper):
        assert HttpsClient(user).post(url_of(user, act)).status_code == 403
        assert f"/{act}/" not in HttpsClient(user).get(url_of(user)).content.decode()
        user.refresh_from_db()
        assert user.is_active


def test_djangos_own_form_leaves_superusers_to_superusers(boss: User, helper: User) -> None:
    url = f"/admin/auth/user/{boss.pk}/change/"
    page = HttpsClient(helper).get(url)
    assert page.status_code == 200
    assert 'name="_save"' not in page.content.decode()
    assert HttpsClient(helper).post(url, {"username": "mine"}).status_code == 403
    assert HttpsClient(helper).post(f"/admin/auth/user/{boss.pk}/password/").status_code == 403
    assert HttpsClient(helper).post(f"/admin/auth/user/{boss.pk}/delete/").status_code == 403


def test_there_are_links_to_it(boss: User, ada: User) -> None:
    browser = HttpsClient(boss)
    assert '/admin/people/"' in browser.get("/admin/auth/user/").content.decode()
    link = f'href="{url_of(ada)}"'
    assert link in browser.get("/admin/auth/user/").content.decode()
    assert link in browser.get(f"/admin/auth/user/{ada.pk}/change/").content.decode()


def test_events_are_told_in_sentences(boss: User, ada: User) -> None:
    course = make_course(make_user("emmy", teacher=True))
    Event.log("course.member_removed", "Ada", actor="boss", whom="ada", course=course.pk)
    page = HttpsClient(boss).get(url_of(ada)).content.decode()
    events = page.partition("Last events")[2]
    assert "<td>boss removed a person from a course: Ada.</td>" in events
    assert f'">{course}</a>' in events
    assert "course.member_removed" not in events
