"""The administrator's pages: what they show, what they cost, what they cannot do."""

import uuid
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from embedding.client import client
from embedding.models import CocalcAccount, CocalcProject, EmbedSession, Event, Member
from sandbox.process import SandboxProcess
from tests.conftest import HttpsClient, Person
from tests.embedding.helpers import prepared

pytestmark = pytest.mark.django_db

LISTS = ("cocalcaccount", "cocalcproject", "embedsession", "event")


@pytest.fixture
def boss(person: Person) -> User:
    return person("boss", is_staff=True, is_superuser=True)


def fill(count: int) -> None:
    """Make so many users with everything that the lists show."""
    first = User.objects.count()
    users = User.objects.bulk_create(
        User(username=f"user{number}", last_name="Test") for number in range(first, first + count)
    )
    CocalcAccount.objects.bulk_create(
        CocalcAccount(user=user, account_id=uuid.uuid4(), email=f"{user.username}@x.test")
        for user in users
    )
    projects = CocalcProject.objects.bulk_create(
        CocalcProject(slot=f"personal:{user.pk}", title=f"Of {user}", project_id=uuid.uuid4())
        for user in users
    )
    Member.objects.bulk_create(
        Member(project=project, user=user) for project, user in zip(projects, users, strict=True)
    )
    EmbedSession.objects.bulk_create(
        EmbedSession(
            user=user,
            username=user.username,
            project=project,
            path="a.ipynb",
            state="ready",
            steps={"token": 12, "ready": 1500},
        )
        for project, user in zip(projects, users, strict=True)
    )
    Event.objects.bulk_create(
        Event.made("account.created", str(user), whom=user.get_username()) for user in users
    )


@pytest.mark.parametrize("name", LISTS)
def test_a_list_costs_the_same_however_long(boss: User, name: str) -> None:
    browser = HttpsClient(boss)
    browser.get(f"/admin/embedding/{name}/")  # the first look is an event
    costs = []
    for more in (5, 60):
        fill(more)
        for query in ("", "?q=user1"):
            with CaptureQueriesContext(
                connection,
            ) as queries:
                answer = browser.get(f"/admin/embedding/{name}/{query}")
            assert answer.status_code == 200
            costs.append((query, len(queries)))
    assert costs[0] == costs[2]
    assert costs[1] == costs[3]


@pytest.mark.parametrize("name", LISTS)
def test_lists_are_for_administrators(boss: User, person: Person, name: str) -> None:
    url = f"/admin/embedding/{name}/"
    assert HttpsClient().get(url).status_code == 302
    assert HttpsClient(person("ada")).get(url).status_code == 302
    assert HttpsClient(person("helper", is_staff=True)).get(url).status_code == 403
    assert HttpsClient(boss).get(url).status_code == 200
    assert HttpsClient(boss).get(url + "add/").status_code == 403


def test_an_embed_session_tells_its_story(boss: User) -> None:
    fill(1)
    row = EmbedSession.objects.get()
    url = f"/admin/embedding/embedsession/{row.pk}/change/"
    page = HttpsClient(boss).get(url).content.decode()
    assert "ready: 1500 ms" in page
    assert "token: 12 ms" in page
    assert 'name="_save"' not in page
    assert HttpsClient(boss).post(url, {"path": "other"}).status_code == 403
    assert HttpsClient(boss).post(url.replace("change", "delete")).status_code == 403
    listed = HttpsClient(boss).get("/admin/embedding/embedsession/").content.decode()
    assert "1.5 s" in listed


@pytest.mark.parametrize(
    ("name", "query", "found"),
    [
        ("cocalcaccount", "?q=user3", "user3@x.test"),
        ("cocalcaccount", "?account_id__isempty=1", "0 account"),
        ("cocalcproject", "?q=personal", "Of user3"),
        ("embedsession", "?q=user3", "user3"),
        ("embedsession", "?state__exact=lost", "0 embed sessions"),
        ("event", "?kind=access", "the account of"),
    ],
)
def test_searching_and_filtering(boss: User, name: str, query: str, found: str) -> None:
    fill(5)
    assert found in HttpsClient(boss).get(f"/admin/embedding/{name}/{query}").content.decode()


def test_an_event_is_never_changed() -> None:
    event = Event.log("x", "y")
    with pytest.raises(TypeError):
        event.save()


class TestMembers:
    """To add a member is to let a user open the project."""

    def form(self, project: CocalcProject, *members: dict[str, object]) -> dict[str, object]:
        known = sum("id" in member for member in members)
        form: dict[str, object] = {
            "members-TOTAL_FORMS": len(members),
            "members-INITIAL_FORMS": known,
        }
        for number, member in enumerate(members):
            form |= {f"members-{number}-{name}": value for name, value in member.items()}
            form[f"members-{number}-project"] = project.pk
        return form

    def test_in_and_out_again(self, sandbox: SandboxProcess, boss: User, person: Person) -> None:
        owner = prepared(person("ada"))
        colleague = person("grace")
        account = prepared(colleague).user.cocalc_account
        project = owner.project
        project_id = str(project.project_id)
        url = f"/admin/embedding/cocalcproject/{project.pk}/change/"
        browser, page = HttpsClient(boss), f"/projects/{project_id}/"
        assert HttpsClient(colleague).get(page).status_code == 404

        kept = {"id": owner.pk, "user": owner.user.pk, "role": "owner"}
        new = {"user": colleague.pk, "role": "collaborator"}
        assert browser.post(url, self.form(project, kept, new)).status_code == 302
        assert HttpsClient(colleague).get(page).status_code == 200
        assert Event.objects.filter(action="member.let_in", actor="boss").count() == 1

        client().add_member(project_id, str(account.account_id))
        member = Member.objects.get(project=project, user=colleague)
        out = new | {"id": member.pk, "DELETE": "on"}
        assert browser.post(url, self.form(project, kept, out)).status_code == 302
        assert HttpsClient(colleague).get(page).status_code == 404
        assert str(account.account_id) not in client().get_project(project_id).members
        assert Event.objects.filter(action="member.shut_out", actor="boss").count() == 1

    def test_cocalc_down_is_told(self, sandbox: SandboxProcess, boss: User, person: Person) -> None:
        owner = prepared(person("ada"))
        colleague = prepared(person("grace")).user
        member = Member.objects.create(project=owner.project, user=colleague)
        kept = {"id": owner.pk, "user": owner.user.pk, "role": "owner"}
        out = {"id": member.pk, "user": colleague.pk, "role": "collaborator", "DELETE": "on"}
        sandbox.quirks(api_html=True)
        url = f"/admin/embedding/cocalcproject/{owner.project.pk}/change/"
        answer = HttpsClient(boss).post(url, self.form(owner.project, kept, out), follow=True)
        assert "still a collaborator on CoCalc" in answer.content.decode()
        assert not Member.objects.filter(pk=member.pk).exists()


def test_an_account_goes_with_its_user_and_not_alone(boss: User) -> None:
    fill(1)
    account = CocalcAccount.objects.get()
    browser = HttpsClient(boss)
    alone = browser.post(f"/admin/embedding/cocalcaccount/{account.pk}/delete/", {"post": "yes"})
    assert alone.status_code == 403
    url = f"/admin/auth/user/{account.user.pk}/delete/"
    assert browser.post(url, {"post": "yes"}).status_code == 302
    assert not CocalcAccount.objects.exists()
    assert EmbedSession.objects.get().user is None


def test_old_sessions_show_their_age(boss: User) -> None:
    fill(2)
    EmbedSession.objects.filter(username="user1").update(
        started=timezone.now() - timedelta(days=400)
    )
    answer = HttpsClient(boss).get("/admin/embedding/embedsession/?started__year=2000")
    assert answer.status_code in (200, 302)
