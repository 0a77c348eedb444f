"""Users by a list: what a line does, and what a list can never do."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from classroom.models import Profile, UnprovenAddress
from classroom.people import first_password
from embedding.models import Event
from tests.classroom import factories
from tests.conftest import HttpsClient

pytestmark = pytest.mark.django_db
CASES = Path(__file__).parent.parent.parent / "cases"
URL = "/admin/add-users/"

LIST = """username,first name,last name,email
grace,Grace,Hopper,grace@x.test
ada,Augusta,Lovelace,other@x.test
boss,Big,Boss,
grace,Grace,Hopper,
b?d,Bad,Name,
"""


@pytest.fixture
def boss() -> User:
    return factories.make_user("boss", is_staff=True, is_superuser=True)


def field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found, page
    return found[1]


def preview(client: HttpsClient, text: str) -> str:
    answer = client.post(URL, {"text": text})
    assert answer.status_code == 200
    return str(answer.content.decode())


def confirm(client: HttpsClient, page: str, **more: Any) -> str:
    answer = client.post(URL, {"confirmed": field(page, "confirmed"), **more}, follow=True)
    return str(answer.content.decode())


def outcomes(page: str) -> list[str]:
    return re.findall(r'<span class="state state-\w+">([^<]*)</span>', page)


def test_a_line_is_said_before_it_is_done(boss: User) -> None:
    ada = factories.make_user("ada", first_name="Ada", last_name="Lovelace", email="ada@x.test")
    client = HttpsClient(boss)
    page = preview(client, LIST)
    assert outcomes(page) == ["New", "Changes", "No change", "Duplicate", "Problem"]
    assert "Keeps the e-mail address ada@x.test." in page
    assert "is an administrator, whom a list never changes" in page
    assert User.objects.count() == 2
    said = confirm(client, page)
    assert "Made 1 user. Changed 1 user." in said
    grace = User.objects.get(username="grace")
    assert (grace.get_full_name(), grace.email) == ("Grace Hopper", "grace@x.test")
    assert not grace.has_usable_password()
    assert not grace.is_staff
    ada.refresh_from_db()
    assert (ada.first_name, ada.email) == ("Augusta", "ada@x.test")
    boss.refresh_from_db()
    assert boss.first_name == ""
    events = Event.objects.filter(actor="boss").values_list("action", "target")
    assert {("user.made", "grace"), ("user.changed", "ada"), ("users.listed", "users")} <= {*events}
    assert "Made" not in confirm(client, page)  # the same page, confirmed twice


def test_who_is_meant_by_an_address(boss: User) -> None:
    factories.make_user("ada", email="ada@x.test")
    eve = factories.make_user("eve", email="bob@x.test")
    UnprovenAddress.objects.create(user=eve, email="bob@x.test")
    page = preview(HttpsClient(boss), "email\nada@x.test\nbob@x.test\n")
    assert outcomes(page) == ["No change", "New"]
    page = preview(HttpsClient(boss), "username,email\nnew,ada@x.test\neve,ada@x.test\n")
    assert outcomes(page) == ["Problem", "Problem"]


def test_links_are_handed_out_once_where_the_site_sends_no_mail(boss: User, settings: Any) -> None:
    settings.CLASSROOM = settings.CLASSROOM | {"MAIL": False}
    client = HttpsClient(boss)
    said = confirm(client, preview(client, "username,email\ngrace,grace@x.test\n"))
    assert "1 new user gets no e-mail. Download the link" in said
    assert not mail.outbox
    url = reverse("admin:users-links")
    assert client.get(url).status_code == 405
    answer = client.post(url)
    assert answer["Content-Disposition"] == 'attachment; filename="links.csv"'
    assert answer["Cache-Control"].startswith("no-store")
    [link] = re.findall(r"https?://\S+/password/new/\S+", answer.content.decode())
    path = "/" + link.split("/", 3)[3].strip('"')
    page = HttpsClient().get(path, follow=True)
    assert page.status_code == 200
    assert b"new_password1" in page.content
    assert client.post(url)["Location"] == URL
    assert Event.objects.filter(action="user.link_taken", target="grace").count() == 1
    assert not any("password/new" in str(event.detail) for event in Event.objects.all())


def test_new_users_are_mailed_a_link(
    boss: User, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.CLASSROOM = settings.CLASSROOM | {"MAIL": True}
    client = HttpsClient(boss)
    page = preview(client, "username,email\ngrace,grace@x.test\nnobody,\n")
    with django_capture_on_commit_callbacks(execute=True):
        said = confirm(client, page, language="de")
    assert "Sent 1 user a link" in said
    assert "1 new user gets no e-mail" in said  # who has no address
    grace = User.objects.get(username="grace")
    assert Profile.of(grace).language == "de"
    first_password.mail_first_password.func([grace.pk])
    [letter] = mail.outbox
    assert letter.to == ["grace@x.test"]
    assert "/password/new/" in letter.body
    grace.last_login = timezone.now()
    grace.save()
    assert first_password.mail_first_password.func([grace.pk]) == 0


def test_groups_with_rights_are_a_superusers_to_give(boss: User) -> None:
    teachers, _made = Group.objects.get_or_create(name="Teachers")
    strong = Group.objects.create(name="Strong")
    strong.permissions.add(Permission.objects.get(codename="change_user"))
    helper = factories.make_user("helper", is_staff=True)
    for name in ("add_user", "change_user"):
        helper.user_permissions.add(Permission.objects.get(codename=name))
    client = HttpsClient(User.objects.get(pk=helper.pk))
    page = preview(client, "username\ngrace\nboss\n")
    assert "Teachers" in page
    assert "Strong" not in page
    confirm(client, page, groups=[strong.pk])
    assert not User.objects.filter(username="grace").exists()
    confirm(client, page, groups=[teachers.pk])
    assert [*User.objects.get(username="grace").groups.all()] == [teachers]
    assert not boss.groups.exists()
    assert Event.objects.filter(action="user.grouped", target="grace").count() == 1
    boss_client = HttpsClient(boss)
    confirm(boss_client, preview(boss_client, "username\ngrace\n"), groups=[strong.pk])
    assert strong in User.objects.get(username="grace").groups.all()


def test_the_columns_are_asked_for_and_remembered(boss: User) -> None:
    client = HttpsClient(boss)
    text = "Kennung X,Anderes\ngrace,Hopper\njoan,Clarke\n"
    page = preview(client, text)
    assert "choose what each column contains" in page
    table = {"table": field(page, "table"), "has_header": "on"}
    chosen = client.post(URL, table | {"column-0": "username", "column-1": "last_name"})
    assert outcomes(chosen.content.decode()) == ["New", "New"]
    assert "Set to your choices for a similar list." in preview(client, text)


def test_what_was_packed_for_another_is_worth_nothing(boss: User) -> None:
    other = factories.make_user("other", is_staff=True, is_superuser=True)
    page = preview(HttpsClient(other), "username\ngrace\n")
    assert "This preview is too old" in confirm(HttpsClient(boss), page)
    for name in ("confirmed", "table"):
        wrong = HttpsClient(boss).post(URL, {name: "x"})
        assert "This preview is too old" in wrong.content.decode()
    mixed = HttpsClient(other).post(URL, {"table": field(page, "confirmed")})
    assert "This preview is too old" in mixed.content.decode()
    assert not User.objects.filter(username="grace").exists()


@pytest.mark.parametrize(
    "name",
    sorted(path.name for path in CASES.glob("roster-*")),
)
def test_lists_as_schools_export_them(boss: User, name: str) -> None:
    client = HttpsClient(boss)
    file = SimpleUploadedFile(name, (CASES / name).read_bytes())
    answer = client.post(URL, {"file": file})
    assert answer.status_code == 200
    page = answer.content.decode()
    if "choose" in page and "confirmed" not in page:
        assert 'name="column-0"' in page  # it asks
    else:
        before = User.objects.count()
        confirm(client, page)
        assert User.objects.count() - before == outcomes(page).count("New") > 0


@pytest.mark.parametrize("text", ["", "username\n", "\0"])
def test_a_list_of_nobody_says_so(boss: User, text: str) -> None:
    page = preview(HttpsClient(boss), text)
    assert "errorlist" in page
    assert 'name="confirmed"' not in page


def test_who_may(boss: User) -> None:
    helper = factories.make_user("helper", is_staff=True)
    helper.user_permissions.add(Permission.objects.get(codename="add_user"))
    ada = factories.make_user("ada")
    for url in (URL, reverse("admin:users-links")):
        for method in ("get", "post"):
            assert getattr(HttpsClient(), method)(url).status_code == 302
            assert getattr(HttpsClient(ada), method)(url).status_code == 302
            assert getattr(HttpsClient(helper), method)(url).status_code == 403
        assert HttpsClient(boss).put(url).status_code == 405
    assert URL in HttpsClient(boss).get("/admin/auth/user/").content.decode()
    assert URL not in HttpsClient(helper).get("/admin/auth/user/").content.decode()


class TestInTheListOfUsers:
    def act(self, user: User, action: str, *chosen: User) -> Any:
        data = {"action": action, "_selected_action": [each.pk for each in chosen]}
        return HttpsClient(user).post("/admin/auth/user/", data, follow=True)

    def test_invite_again_is_for_who_never_signed_in(self, boss: User, settings: Any) -> None:
        settings.CLASSROOM = settings.CLASSROOM | {"MAIL": True}
        new = factories.make_user("new", email="new@x.test")
        old = factories.make_user("old", email="old@x.test", last_login=timezone.now())
        off = factories.make_user("off", email="off@x.test", is_active=False)
        page = self.act(boss, "invite_again", new, old, off).content.decode()
        assert "Sent 1 user a link" in page
        assert "2 of these users got none" in page
        invited = Event.objects.filter(action="user.invited").values_list("target", flat=True)
        assert [*invited] == ["new"]

    def test_links_of_administrators_are_a_superusers(self, boss: User, settings: Any) -> None:
        settings.CLASSROOM = settings.CLASSROOM | {"MAIL": False}
        other = factories.make_user("other", is_staff=True, is_superuser=True)
        helper = factories.make_user("helper", is_staff=True)
        for name in ("view_user", "change_user"):
            helper.user_permissions.add(Permission.objects.get(codename=name))
        helper = User.objects.get(pk=helper.pk)
        answer = self.act(helper, "invite_again", other)
        assert "/password/new/" not in answer.content.decode()
        assert "/password/new/" in self.act(boss, "invite_again", other).content.decode()

    def test_an_export_runs_nothing_and_is_an_event(self, boss: User) -> None:
        eve = factories.make_user("eve", first_name="=1+1", email="eve@x.test")
        answer = self.act(boss, "export", eve)
        assert answer["Content-Disposition"] == 'attachment; filename="users.csv"'
        text = answer.content.decode()
        assert ",'=1+1," in text
        assert "pbkdf2" not in text
        event = Event.objects.get(action="users.exported")
        assert (event.actor, event.detail["count"]) == ("boss", 1)
