"""Old submissions that nothing rests on go, with their files; all others stay."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from classroom.class_steps import keeping
from classroom.class_steps.keeping import snapshots_prune
from classroom.models import Membership, Snapshot, Submission
from classroom.rules.counting import counting
from embedding.cocalc.client import Client
from sandbox.process import SandboxProcess
from tests.classroom import factories

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def work(cocalc: Client, settings: Settings) -> Submission:
    settings.CLASSROOM = {"KEEP_SNAPSHOTS_DAYS": 100}
    course = factories.make_course(factories.make_user("emmy", teacher=True))
    factories.enrol(course, factories.make_user("ada"))
    factories.on_cocalc(course)
    assignment = factories.make_assignment(course)
    return factories.submission(assignment, Membership.objects.get(user__username="ada"))


def project(work: Submission) -> str:
    return str(work.assignment.course.project.project_id)


def submitted(cocalc: Client, work: Submission, days: int, **fields: object) -> Snapshot:
    """One of so many days ago."""
    taken = timezone.now() - days * DAY
    row = Snapshot.objects.create(
        submission=work, taken=taken, finished=taken, path=f"submitted/hw/ada/{days}", **fields
    )
    cocalc.write_file(project(work), f"{row.path}/a b.ipynb", b"x")
    return row


def there(cocalc: Client, work: Submission) -> set[str]:
    found = cocalc.exec(project(work), "ls submitted/hw/ada", bash=True)
    return set(found.stdout.split())


def test_only_what_nothing_rests_on_goes(cocalc: Client, work: Submission) -> None:
    for days in (300, 200, 150):
        submitted(cocalc, work, days)
    in_time = submitted(cocalc, work, 140)
    Submission.objects.update(due=timezone.now() - 130 * DAY)
    for days in (120, 110):
        submitted(cocalc, work, days, late=True)
    submitted(cocalc, work, 99, late=True)
    work = Submission.objects.select_related("assignment").get()
    assert counting(work) == in_time
    assert snapshots_prune() == 5
    kept = list(Snapshot.objects.order_by("taken").values_list("path", flat=True))
    assert kept == ["submitted/hw/ada/140", "submitted/hw/ada/99"]
    assert there(cocalc, work) == {"140", "99"}
    assert counting(work) == in_time
    assert snapshots_prune() == 0


def test_the_last_one_stays_however_old(cocalc: Client, work: Submission) -> None:
    submitted(cocalc, work, 5000)
    assert snapshots_prune() == 0
    assert there(cocalc, work) == {"5000"}


def test_a_batch_at_once(cocalc: Client, work: Submission, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "BATCH", 2)
    for days in (500, 400, 300, 200):
        submitted(cocalc, work, days)
    assert [snapshots_prune() for _ in range(3)] == [2, 1, 0]


def test_kept_for_ever(cocalc: Client, work: Submission, settings: Settings) -> None:
    settings.CLASSROOM = {"KEEP_SNAPSHOTS_DAYS": 0}
    for days in (500, 400):
        submitted(cocalc, work, days)
    assert snapshots_prune() == 0


def test_where_cocalc_is_away_the_rows_stay(
    cocalc: Client, work: Submission, sandbox: SandboxProcess
) -> None:
    for days in (500, 400):
        submitted(cocalc, work, days)
    sandbox.quirks(fail_events=["project_exec"])
    assert snapshots_prune() == 0
    assert Snapshot.objects.count() == 2
    sandbox.reset_quirks()
    assert snapshots_prune() == 1
