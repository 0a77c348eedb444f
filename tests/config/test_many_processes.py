"""Two web processes and two workers on one database: some are killed and others come meanwhile.

Nothing is kept in a process that another one would have to know: whoever answers next goes on.
"""

import time
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from django.contrib.auth.models import User
from pytest_django import Settings

from classroom.models import Assignment, Course, Membership, Submission, Transfer
from classroom.rules import manifest, names
from embedding.cocalc.client import Client
from embedding.models import Allowance, EmbedSession
from sandbox.process import SandboxProcess
from tests.classroom import factories
from tests.classroom.engine.test_crash import QUICK, all_ended, farm, until
from tests.config.serving import Served
from tests.conftest import HttpsClient
from tests.embedding.conftest import cocalc, sandbox, sandbox_process  # noqa: F401
from tests.embedding.helpers import prepared

pytestmark = pytest.mark.django_db(transaction=True)

STUDENTS = 6
FILES = {"a.ipynb": b"the task", "data/b.csv": b"1,2\n" * 500}
TOKEN = "x" * 32  # of CSRF, in cookie and header
State = Transfer.State


class Browser:
    """Somebody who is signed in, and asks whichever process."""

    def __init__(self, user: User | None = None) -> None:
        session = HttpsClient(user).cookies["__Host-session"].value if user else ""
        self._headers = {
            "Cookie": f"__Host-session={session}; __Host-csrf={TOKEN}",
            "X-CSRFToken": TOKEN,
        }

    def get(self, web: Served, path: str) -> requests.Response:
        return requests.get(web.url + path, headers=self._headers, timeout=60)

    def post(self, web: Served, path: str, body: Any = None, **more: Any) -> requests.Response:
        return requests.post(
            web.url + path,
            headers=self._headers,
            json=body,
            timeout=60,
            allow_redirects=False,
            **more,
        )


@pytest.fixture
def webs(
    sandbox: SandboxProcess,  # noqa: F811
    tmp_path: Path,
) -> Iterator[list[Served]]:
    """Two web processes; more may be added, and all are gone in the end."""
    running = [Served(tmp_path / "web.log") for _ in range(2)]
    try:
        for web in running:
            requests.get(f"{web.url}/health", timeout=60).raise_for_status()
        yield running
    finally:
        for web in running:
            web.kill()


def make_class(settings: Settings) -> tuple[Course, Assignment, list[Membership]]:
    settings.CLASSROOM = QUICK
    course = factories.make_course(factories.make_user("emmy", teacher=True))
    for n in range(STUDENTS):
        factories.enrol(course, factories.make_user(f"s{n}"))
    factories.on_cocalc(course)
    assignment = factories.with_files(factories.make_assignment(course), FILES)
    members = Membership.objects.filter(course=course, role="student").order_by("pk")
    return course, assignment, list(members.select_related("user", "project"))


def test_a_class_step_goes_on_while_processes_die_and_come(
    cocalc: Client,  # noqa: F811
    sandbox: SandboxProcess,  # noqa: F811
    webs: list[Served],
    settings: Settings,
    tmp_path: Path,
) -> None:
    course, assignment, students = make_class(settings)
    address = f"/courses/{course.pk}/assignments/{assignment.pk}/"
    teacher = Browser(User.objects.get(username="emmy"))
    first, second = webs
    sandbox.quirks(latency=0.1)
    with farm(tmp_path / "workers.log") as workers:
        for _ in range(2):
            workers.start()

        def step(kind: str, at: list[Served]) -> None:
            """Press at all of these at once; one worker is killed in the middle, one is added."""
            fields = {"kind": kind, "who": "all", "early": "yes"}

            def press(web: Served) -> int:
                return teacher.post(web, f"{address}step", data=fields).status_code

            with ThreadPoolExecutor(len(at)) as pool:
                assert list(pool.map(press, at)) == [302] * len(at)
            until(lambda: Transfer.objects.filter(state=State.RUNNING).exists() or all_ended())
            workers.kill(workers.pids[0])
            workers.start()

        # The one press joins the other.
        step("hand_out", [first, second])
        first.kill()
        webs.append(Served(tmp_path / "web.log"))
        until(all_ended)
        done = Transfer.objects.filter(kind="hand_out", state=State.DONE)
        assert Counter(done.values_list("member", flat=True)) == {one.pk: 1 for one in students}
        assert teacher.get(webs[2], address).status_code == 200

        for student in students:
            work = f"work of {student.user.username}".encode()
            cocalc.write_file(project_of(student), f"{assignment.folder}/a.ipynb", work)
        step("collect", [second])
        second.kill()
        until(all_ended)
        step_page = teacher.get(webs[2], f"/courses/{course.pk}/steps/")
        assert step_page.status_code == 200

    rows = Submission.objects.filter(assignment=assignment, collected__isnull=False)
    assert rows.count() == STUDENTS
    home = str(course.project.project_id)
    for student in students:
        found = manifest.of_folder(project_of(student), assignment.folder)
        assert {file["path"] for file in found} >= set(FILES)
        path = names.collected_path(assignment, student)
        work = f"work of {student.user.username}".encode()
        assert cocalc.read_file(home, f"{path}/a.ipynb") == work


def project_of(member: Membership) -> str:
    assert member.project is not None
    return str(member.project.project_id)


def test_a_notebook_opened_at_one_goes_on_at_the_other(
    cocalc: Client,  # noqa: F811
    webs: list[Served],
    tmp_path: Path,
) -> None:
    user = factories.make_user("ada")
    member = prepared(user)
    cocalc.write_file(str(member.project.project_id), "a.ipynb", b"x")
    first, second = webs
    ada, session = Browser(user), str(uuid.uuid4())
    for web in (first, second) * 20:
        asked = {"session": session, "path": "a.ipynb", "user": str(user.pk)}
        answer = ada.post(web, "/projects/mine/session", asked)
        if answer.status_code != 202:
            break
    assert answer.status_code == 200, answer.text
    report = f"/sessions/{session}/report"
    assert ada.post(second, report, {"state": "ready", "ms": 5}).status_code == 204
    first.kill()
    webs.append(Served(tmp_path / "web.log"))
    for web in webs[1:]:
        seen = ada.post(web, "/presence", {"user": str(user.pk), "session": session})
        assert seen.status_code == 200, seen.text
    assert ada.post(webs[2], report, {"state": "closed"}).status_code == 204
    # What was said earlier comes late, at another one.
    assert ada.post(second, report, {"state": "slow"}).status_code == 204
    row = EmbedSession.objects.get(pk=session)
    assert (row.state, row.steps["ready"]) == ("closed", 5)
    assert row.seen is not None
    # A file that one has taken is there for the other.
    upload = {"file": ("b.txt", b"mine")}
    sent = ada.post(second, "/projects/mine/upload", data={"path": "b.txt"}, files=upload)
    assert sent.status_code == 201, sent.text
    listed = ada.get(webs[2], "/projects/mine/listing")
    assert "b.txt" in listed.text


def test_limits_hold_for_all_processes_together(webs: list[Served]) -> None:
    user = factories.make_user("ada")
    nobody = Browser()

    def sign_in(web: Served, password: str = "wrong") -> int:
        form = {"username": "ada", "password": password, "csrfmiddlewaretoken": TOKEN}
        return nobody.post(web, "/sign-in/", data=form).status_code

    refused = [sign_in(webs[n % 2]) for n in range(10)]
    assert refused[:9] == [200] * 9
    assert [sign_in(web, "notebook") for web in webs] == [429, 429]

    # At the same time, of 20 that one user may open in a minute.
    prepared(user)
    browser = Browser(user)

    def open_one(n: int) -> int:
        asked = {"session": str(uuid.uuid4()), "path": f"{n}.ipynb"}
        return browser.post(webs[n % 2], "/projects/mine/session", asked).status_code

    Allowance.objects.all().delete()
    began = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        codes = Counter(pool.map(open_one, range(30)))
    more = (time.monotonic() - began) / 60 * 20
    assert codes[429] >= 30 - 20 - more - 1, codes


def test_a_killed_process_leaves_nothing_locked(webs: list[Served]) -> None:
    """Killed in the middle of requests that write, it holds up nobody."""
    users = [factories.make_user(f"u{n}") for n in range(4)]
    for user in users:
        prepared(user)
    first, second = webs

    def ask(n: int) -> object:
        user = users[n % 4]
        asked = {"session": str(uuid.uuid4()), "path": "a.ipynb"}
        try:
            return Browser(user).post(first, "/projects/mine/session", asked).status_code
        except requests.RequestException:
            return None

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(ask, n) for n in range(24)]
        time.sleep(0.3)
        first.kill()
        assert len([one.result() for one in asked]) == 24
    for user in users:
        began = time.monotonic()
        body = {"session": str(uuid.uuid4()), "path": "a.ipynb"}
        answer = Browser(user).post(second, "/projects/mine/session", body)
        assert answer.status_code in (404, 429), answer.text  # there is no such file
        assert time.monotonic() - began < 30
