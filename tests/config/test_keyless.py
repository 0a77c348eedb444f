"""A site without a key of CoCalc's: no page of a course does anything, and no worker tries."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from pytest_django import Settings

from classroom.engine.working import wake, work
from classroom.models import TEACHERS, Course, Kind, Membership, Role, Transfer
from classroom.urls import urlpatterns
from config.keyless import WITHOUT_KEY
from embedding.models import CocalcProject, EmbedSession, Ending, Member
from tests.conftest import HttpsClient, Person

pytestmark = pytest.mark.django_db
NOBODY_LISTENS = "http://127.0.0.1:9"
SENTENCE = "Courses need a key of CoCalc’s, and this site has none."
EXAMPLES = {"int": 1, "str": "x", "uuid": uuid.UUID(int=1), "path": "x"}


@pytest.fixture(autouse=True)
def own(settings: Settings) -> None:
    """Whoever asks CoCalc for something finds nobody."""
    settings.EMBEDDING = {
        **settings.EMBEDDING,
        "COCALC_URL": "https://cocalc.school.test",
        "COCALC_API_URL": NOBODY_LISTENS,
        "COCALC_API_KEY": "",
        "COCALC_SIGN_IN": "own",
    }


@pytest.fixture
def teacher(person: Person) -> User:
    user = person("ada")
    user.groups.add(Group.objects.get(name=TEACHERS))
    return user


@pytest.fixture
def course(teacher: User) -> Course:
    """One of the time when the site had a key."""
    project = CocalcProject.objects.create(
        project_id=uuid.uuid4(), slot="course:1", title="Physics"
    )
    course = Course.objects.create(title="Physics", time_zone="UTC", project=project)
    Membership.objects.create(course=course, user=teacher, role=Role.TEACHER)
    return course


def addresses() -> list[str]:
    """All addresses of courses."""
    found = []
    for entry in urlpatterns:
        assert entry.name
        if entry.name in WITHOUT_KEY:
            continue
        values: dict[str, Any] = {
            name: EXAMPLES.get(type(converter).__name__.removesuffix("Converter").lower(), "x")
            for name, converter in entry.pattern.converters.items()
        }
        found.append(reverse(f"classroom:{entry.name}", kwargs=values))
    return found


def test_every_page_of_a_course_says_so(teacher: User, course: Course) -> None:
    assert len(addresses()) > 80
    browsers = HttpsClient(teacher), HttpsClient()
    for address in addresses():
        for browser in browsers:
            for answer in (browser.get(address), browser.post(address)):
                assert answer.status_code == 501, address
                assert SENTENCE in answer.content.decode()
    assert not Transfer.objects.exists()
    assert not DBTaskResult.objects.exists()
    assert Course.objects.count() == 1


def test_a_script_is_told_so(teacher: User, course: Course) -> None:
    answer = HttpsClient(teacher).post(
        reverse("classroom:course", args=[course.pk]), headers={"accept": "application/json"}
    )
    error = answer.json()["error"]
    assert (error["code"], error["recoverable"]) == ("no_key", False)
    assert SENTENCE in error["message"]


def test_what_is_left_leads_nowhere_else(teacher: User) -> None:
    browser = HttpsClient(teacher)
    assert browser.get("/").headers["Location"] == reverse("embedding:mine")
    for address in ("/projects/mine/", "/profile/", "/address/", "/courses/"):
        page = browser.get(address).content.decode()
        for gone in ("course", "notices", "today", "mail-choices"):
            where = reverse(f"classroom:{gone}", args=[1] if gone == "course" else [])
            assert f'href="{where}"' not in page or where == "/", (address, where)
        assert ">Courses<" not in page
        assert ">Today<" not in page
        assert "calendar" not in page


def test_files_that_were_open_are_at_hand(teacher: User) -> None:
    rows = [
        CocalcProject.objects.create(project_id=uuid.UUID(int=n), slot=f"own:{n}", title=f"P{n}")
        for n in (1, 2)
    ]
    Member.objects.create(project=rows[0], user=teacher)
    now = timezone.now()
    for age, (project, path, seen) in enumerate(
        [
            (rows[0], "week 1/b.ipynb", now),
            (rows[0], "a.ipynb", now),
            (rows[0], "week 1/b.ipynb", now),
            (rows[0], "never.ipynb", None),
            (rows[1], "no-member.ipynb", now),
        ]
    ):
        EmbedSession.objects.create(
            user=teacher, project=project, path=path, seen=seen and seen - timedelta(minutes=age)
        )
    page = HttpsClient(teacher).get("/projects/mine/").content.decode()
    links = [
        f"/projects/{rows[0].project_id}/open/{name}" for name in ("week%201/b.ipynb", "a.ipynb")
    ]
    first, second = (page.index(f'href="{link}"') for link in links)
    assert first < second
    assert page.count("/open/") == 2


def test_a_worker_leaves_alone_what_waits_for_a_key(course: Course, teacher: User) -> None:
    member = course.memberships.get()
    row = Transfer.objects.create(course=course, member=member, kind=Kind.START)
    wake()
    assert work.func() == 0
    row.refresh_from_db()
    assert (row.state, row.attempts) == (Transfer.State.QUEUED, 0)


def test_looking_after_projects_is_no_error(
    teacher: User, capsys: pytest.CaptureFixture[str]
) -> None:
    ending = Ending.objects.create(account_id=uuid.uuid4(), username="eve", asked=timezone.now())
    CocalcProject.objects.create(project_id=uuid.uuid4(), slot="own:x", title="Physics")
    call_command("look_after")
    assert "no key" in capsys.readouterr().out
    ending.refresh_from_db()
    assert ending.attempts == 0


def test_administrators_queue_nothing(course: Course, person: Person) -> None:
    boss = HttpsClient(person("boss", is_staff=True, is_superuser=True))
    page = boss.get("/admin/classroom/membership/").content.decode()
    assert "ada" in page
    assert "take_out" not in page
    chosen = {"action": "take_out", "_selected_action": [course.memberships.get().pk]}
    boss.post("/admin/classroom/membership/", chosen)
    assert course.memberships.get().removed is None
