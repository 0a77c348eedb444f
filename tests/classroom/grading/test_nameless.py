"""Names that are hidden while grading: no address tells whose work it is until it is returned."""

import csv
import io
import itertools
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone

from classroom import urls
from classroom.assignments.forms import AssignmentForm
from classroom.assignments.rescoring import effect_of
from classroom.class_steps.class_steps import retry_failed, try_again
from classroom.engine.queue import step_start, transfer_add
from classroom.grading import archive
from classroom.grading.imports import plan
from classroom.grading.runs import autograde_run, run_again
from classroom.grading.statistics import statistics_of
from classroom.models import (
    Assignment,
    Batch,
    Course,
    KeptComment,
    Kind,
    Membership,
    Role,
    Snapshot,
    Submission,
    Transfer,
)
from classroom.rules import manifest, names
from classroom.rules.anonymity import code_of, hidden_of, may_begin, said_by_name
from classroom.rules.scoring import grade_set
from classroom.steps import due_date
from classroom.steps.approved import approved_now
from embedding.cocalc.client import Client
from embedding.cocalc.errors import CannotConnect, CommandFailed
from embedding.problems import Problem
from tests.classroom import factories
from tests.classroom.grading.test_run import RIGHT, WRONG, teachers
from tests.classroom.nbgrader.notebooks import answer, checks, content, notebook
from tests.conftest import HttpsClient

DAY = datetime(2024, 3, 5, tzinfo=ZoneInfo("Europe/Berlin"))
# Each with what only this one has: names, and what grading says of the work.
PEOPLE = {
    "zadie": ("Zadie", "Quixote", "n-4711", "4.17", "03:11", "04:22"),
    "yorick": ("Yorick", "Umbrage", "n-4712", "6.43", "05:33", "06:44"),
    "xenia": ("Xenia", "Vesper", "n-4713", "8.91", "07:55", "08:06"),
}
NAMES = [text for user, row in PEOPLE.items() for text in (user, *row[:3], f"{user}@school.test")]


@dataclass
class Blind:
    """A course whose assignment hides names; all work is collected and graded, none returned."""

    course: Course
    assignment: Assignment
    other: Assignment
    staff: dict[str, User]
    works: dict[str, Submission]
    ids: dict[str, list[Any]]

    @property
    def codes(self) -> list[str]:
        return sorted(work.code for work in self.works.values())

    def traces(self) -> list[str]:
        """What grading says of the works: none of it stands beside a name."""
        return [
            text
            for user, work in self.works.items()
            for text in (work.code, PEOPLE[user][3], f"remark-{PEOPLE[user][3]}", f"why-{work.pk}-")
        ]


class _Nowhere:
    """A CoCalc that nobody can reach."""

    def __getattr__(self, name: str) -> Any:
        raise CannotConnect(name, "there is none")


@pytest.fixture
def client() -> HttpsClient:
    return HttpsClient()


@pytest.fixture
def blind(db: None, monkeypatch: pytest.MonkeyPatch) -> Blind:
    monkeypatch.setattr("embedding.client._client", _Nowhere)
    teacher = factories.make_user("tess", teacher=True, first_name="Tess", last_name="Teacher")
    course = factories.make_course(teacher)
    assistant = factories.make_user("theo", first_name="Theo", last_name="Assistant")
    helper = factories.enrol(course, assistant, Role.ASSISTANT)
    assignment = factories.make_assignment(
        course,
        points=10,
        anonymous=True,
        marked=True,
        out=DAY,
        late_policy="any",
        late_penalty="points",
        late_amount=1,
        files=[{"path": "hw.ipynb", "size": 2, "sha256": "0" * 64}],
    )
    other = factories.make_assignment(course, "Homework 2", points=5)
    collect = _batch(assignment, teacher, Kind.COLLECT)
    run = _batch(assignment, teacher, Kind.RUN, autograde=True)
    works, members, snapshots, transfers = {}, [], [], []
    for place, (name, row) in enumerate(PEOPLE.items()):
        first, last, number, score, submitted, collected = row
        user = factories.make_user(
            name, first_name=first, last_name=last, email=f"{name}@school.test"
        )
        member = factories.enrol(course, user, number=number, section=f"Group {place}")
        work = factories.submission(assignment, member)
        work.handed_out, work.opened = DAY, DAY
        work.submitted, work.collected = _at(submitted), _at(collected)
        work.due, work.late, work.came = DAY, True, DAY + timedelta(hours=1)
        work.collected_from = "submitted"
        work.save()
        work.assignment = assignment
        code_of(work)
        work.collected_path = f"collected/homework-1/Student {work.code}"
        work.held = f"why-{work.pk}-held" if place == 0 else ""
        work.save()
        grade_set(work, score=Decimal(score), comment=f"remark-{score}", by=teacher, how="page")
        works[name] = work
        members.append(member)
        snapshots.append(
            Snapshot.objects.create(
                submission=work, taken=_at(submitted), tested=score, path=f"submitted/{work.code}"
            )
        )
        for batch, state, error in (
            (collect, "done", ""),
            (run, "failed", f"why-{work.pk}-failed in Student {work.code}"),
        ):
            transfers.append(_transfer(batch, member, state, error, _at(collected)))
    ids: dict[str, list[Any]] = {
        "course": [course.pk],
        "assignment": [assignment.pk],
        "member": [*(member.pk for member in members), helper.pk],
        "batch": [collect.pk, run.pk],
        "transfer": [row.pk for row in transfers],
        "snapshot": [snapshot.pk for snapshot in snapshots],
        "code": [work.code for work in works.values()],
        "comment": [KeptComment.objects.create(course=course, text="Well done.").pk],
    }
    return Blind(
        course, assignment, other, {"teacher": teacher, "assistant": assistant}, works, ids
    )


def _at(text: str) -> datetime:
    hours, minutes = text.split(":")
    return DAY - timedelta(days=3) + timedelta(hours=int(hours), minutes=int(minutes))


def _batch(assignment: Assignment, actor: User, kind: Kind, **options: Any) -> Batch:
    return Batch.objects.create(
        course=assignment.course, kind=kind, actor=actor, assignment=assignment, options=options
    )


def _transfer(
    batch: Batch, member: Membership, state: str, error: str, ended: datetime
) -> Transfer:
    return Transfer.objects.create(
        batch=batch,
        course=batch.course,
        kind=batch.kind,
        assignment=batch.assignment,
        member=member,
        lane=Transfer.lane_of(batch.course, member),
        key=f"{batch.kind}:{batch.pk}:{member.pk}",
        options=batch.options,
        state=state,
        error=error,
        ended=ended,
        result={"stdout": error},
    )


# What an address may add, to show others, or in another order.
QUERIES = {
    "assignment": [
        *(f"show={name}" for name in ("failed", "again", "graded", "not-graded", "not-returned")),
        *("sort=score", "sort=-score", "sort=submitted", "section=Group 1", "q=Zadie"),
        "part=standing",
    ],
    "grades": [
        *(f"state={name}" for name in ("to-grade", "again", "held", "late", "graded")),
        *("sort=total", "q=Zadie", "section=Group 1"),
    ],
    "grades-csv": ["comments=1", "comments=1&section=Group 1"],
    "statistics": ["section=Group 1"],
    "run-assignment": ["section=Group 1"],
    "collected-zip": ["section=Group 1"],
    "step-progress": ["table=yes&said=1"],
}


def _addresses(blind: Blind) -> list[tuple[str, str]]:
    """Every address of the classroom that this course's ids fit into, with all queries."""
    found = []
    for pattern in urls.urlpatterns:
        keys = list(pattern.pattern.converters)
        if not set(keys) <= blind.ids.keys() or pattern.name in ("join", "calendar"):
            continue
        for values in itertools.product(*(blind.ids[key] for key in keys)):
            address = reverse(
                f"classroom:{pattern.name}", kwargs=dict(zip(keys, values, strict=True))
            )
            found.append((str(pattern.name), address))
            found += [
                (str(pattern.name), f"{address}?{query}")
                for query in (
                    *QUERIES.get(str(pattern.name), ()),
                    *([f"sort={blind.assignment.pk}"] if pattern.name == "grades" else ()),
                )
            ]
    return found


@pytest.mark.parametrize("who", ["teacher", "assistant"])
def test_no_address_tells_a_name_and_what_was_graded(
    blind: Blind, client: HttpsClient, who: str
) -> None:
    client.force_login(blind.staff[who])
    seen = set()
    # Less what the clock may show meanwhile, in some zone.
    minutes = {(timezone.now() + timedelta(minutes=more)).minute for more in range(-2, 3)}
    moments = [text for row in PEOPLE.values() for text in row[4:] if int(text[3:]) not in minutes]
    for name, address in _addresses(blind):
        for headers in ({}, {"HX-Request": "true"}):
            found = client.get(address, headers=headers)
            body = found.getvalue().decode(errors="replace")
            if name == "collected-zip" and found.status_code == 200:
                continue  # a file of its own: see below
            shown = re.sub(r"nonce-?[^\s]*|csrf[^>]*", "", body)
            named = [text for text in NAMES if text in shown]
            traces = [text for text in blind.traces() if text in shown]
            assert not (named and traces), (name, address, named, traces)
            # When work came would say whose it is, so it stands on neither side.
            assert not [text for text in moments if text in shown], (name, address)
            if traces:
                seen.add(name)
    # The pages without names.
    assert seen == {"grade-list", "grade-hidden", "run-result", "statistics"}


def test_pages_without_names_are_in_the_order_of_their_codes(
    blind: Blind, client: HttpsClient
) -> None:
    client.force_login(blind.staff["assistant"])
    base = f"/courses/{blind.course.pk}"
    for address in (
        f"{base}/assignments/{blind.assignment.pk}/nameless/",
        f"{base}/runs/{blind.ids['batch'][1]}/",
    ):
        body = client.get(address).getvalue().decode()
        assert list(dict.fromkeys(re.findall(r"nameless/(\w{4})", body))) == blind.codes
        # Nothing of the student's is in an attribute, either.
        ids = {str(work.student_id) for work in blind.works.values()}
        assert not ids & set(re.findall(r"grade/(\d+)", body))


def test_by_name_it_is_neither_graded_nor_opened(blind: Blind, client: HttpsClient) -> None:
    client.force_login(blind.staff["assistant"])
    work = blind.works["zadie"]
    base = f"/courses/{blind.course.pk}/assignments/{blind.assignment.pk}"
    page = f"{base}/grade/{work.student_id}"
    for address in (page, f"{base}/submitted/{blind.ids['snapshot'][0]}/"):
        assert "Names are hidden" in client.get(address).getvalue().decode()
        assert client.get(address).status_code == 403
    for end in ("", "/look", "/late", f"/kept-comments/{blind.ids['comment'][0]}/remove"):
        data = {"score": "1", "seen": "0", "outcome": "kept", "waive": "yes"}
        assert client.post(f"{page}{end}", data).status_code == 403
    copied = f"{base}/autograde/{work.student_id}"
    assert client.post(copied, {"notebook": "a", "copy": "b"}).status_code == 403
    entry = {
        "assignment": blind.assignment.pk,
        "student": work.student_id,
        "before": "4.17",
        "work": "",
        "typed": "1",
    }
    found = client.post(
        f"/courses/{blind.course.pk}/grades/enter",
        json.dumps({"entries": [entry]}),
        content_type="application/json",
    )
    [cell] = found.json()["cells"]
    assert set(cell) == {"assignment", "student", "error"}
    assert "names are hidden" in cell["error"]
    # Few at a time would say whose work turns up.
    for kind in ("collect", "return"):
        for few in (
            {"who": "chosen", "member": str(work.student_id)},
            {"who": "missing", "section": "Group 1"},
        ):
            client.post(f"{base}/step", {"kind": kind, **few})
    assert Batch.objects.filter(course=blind.course).count() == 2
    work.refresh_from_db()
    assert str(work.score) == "4.17"


def test_a_list_by_name_gives_no_scores(blind: Blind) -> None:
    text = "Username,Homework 1,Homework 1 (before late penalty),Homework 2\nzadie,,7,\nxenia,,,2\n"
    found = plan(blind.course, text)
    assert [words for _line, words in found.faults] == [
        "Homework 1: names are hidden until the work is returned."
    ]
    assert [each.submission.assignment_id for each in found.changes] == [blind.other.pk]


def test_an_exported_list_changes_nothing(blind: Blind, client: HttpsClient) -> None:
    client.force_login(blind.staff["teacher"])
    found = client.get(f"/courses/{blind.course.pk}/grades.csv?comments=1")
    text = found.getvalue().decode()
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    assert {row["Homework 1"] for row in rows} == {""}
    assert {row["Total"] for row in rows} == {""}
    planned = plan(blind.course, text)
    assert (planned.changes, planned.faults) == ([], [])


def test_the_zip_has_folders_by_code(blind: Blind) -> None:
    works = archive.works_of(blind.assignment, "Group 1")
    assert [work.name for work in works] == [f"Student {code}" for code in blind.codes]
    assert {work.row for work in works} == {("", "", "", "", "")}


def test_other_points_are_asked_about_without_names(blind: Blind) -> None:
    changed = Assignment.objects.get(pk=blind.assignment.pk)
    changed.points = 20
    effect = effect_of(changed)
    assert effect.is_of_points
    assert sorted(line.name for line in effect.lines) == [f"Student {code}" for code in blind.codes]
    assert {line.total for line in effect.lines} == {"–"}


def test_it_is_graded_by_code_and_returned_with_the_name(blind: Blind, client: HttpsClient) -> None:
    client.force_login(blind.staff["assistant"])
    first = reverse("classroom:grade-first", args=[blind.course.pk, blind.assignment.pk])
    found = client.get(first)
    list_page = reverse("classroom:grade-list", args=[blind.course.pk, blind.assignment.pk])
    assert found["Location"] == list_page
    code = blind.codes[0]
    page = f"{list_page}{code}"
    body = client.get(page).getvalue().decode()
    known = re.search(r'name="known" value="([^"]*)"', body)
    mark = re.search(r'name="work" value="([^"]*)"', body)
    seen = re.search(r'name="seen" value="([^"]*)"', body)
    assert mark
    assert seen
    data = {"score": "2", "comment": "", "seen": seen[1], "work": mark[1], "next": ""}
    if known:
        data["known"] = ""
    found = client.post(page, data)
    assert found["Location"] == f"{list_page}{blind.codes[1]}"
    work = next(each for each in blind.works.values() if each.code == code)
    work.refresh_from_db()
    assert work.score == 2
    work.returned = timezone.now()
    work.save()
    named = reverse("classroom:grade", args=[blind.course.pk, blind.assignment.pk, work.student_id])
    assert client.get(page)["Location"] == named
    assert work.student.name in client.get(named).getvalue().decode()
    assert code not in client.get(list_page).getvalue().decode()


def test_codes_are_kept_and_differ(blind: Blind) -> None:
    work = blind.works["zadie"]
    code = work.code
    assert code_of(work) == code
    assert len(set(blind.codes)) == 3
    assert all(re.fullmatch(r"[2-9B-DF-HJ-NP-TV-Z]{4}", code) for code in blind.codes)


def test_names_are_hidden_only_before_anything_came_in(blind: Blind) -> None:
    fresh = blind.other
    assert may_begin(fresh)
    assert not AssignmentForm(blind.course, instance=fresh).fields["anonymous"].disabled
    work = factories.submission(fresh, blind.works["zadie"].student)
    work.submitted = timezone.now()
    work.save()
    assert not may_begin(fresh)
    form = AssignmentForm(blind.course, instance=fresh)
    assert form.fields["anonymous"].disabled
    assert "no longer be hidden" in str(form.fields["anonymous"].help_text)


def test_names_show_at_once_when_the_tick_is_taken_away(blind: Blind, client: HttpsClient) -> None:
    Assignment.objects.filter(pk=blind.assignment.pk).update(anonymous=False)
    client.force_login(blind.staff["teacher"])
    body = client.get(f"/courses/{blind.course.pk}/grades").getvalue().decode()
    assert "3.17" in body  # one day late
    work = blind.works["zadie"]
    page = reverse("classroom:grade", args=[blind.course.pk, blind.assignment.pk, work.student_id])
    assert "Zadie Quixote" in client.get(page).getvalue().decode()


# --- with projects


def test_folders_carry_the_code_and_the_work_goes_back_to_its_student(
    db: None, cocalc: Client
) -> None:
    """Submitted, collected, autograded, graded and returned."""
    teacher = factories.make_user("tess", teacher=True)
    course = factories.make_course(teacher)
    ada = factories.enrol(course, factories.make_user("ada", first_name="Ada"))
    bob = factories.enrol(course, factories.make_user("bob", first_name="Bob"))
    factories.on_cocalc(course)
    home = str(course.project.project_id)
    assignment = factories.make_assignment(course, points=10, anonymous=True, marked=True)
    cocalc.write_file(home, "homework-1/hw.ipynb", teachers())
    assignment.sources = manifest.of_folder(home, "homework-1")
    assignment.approved = approved_now(assignment, by="tess")
    assignment.save()
    Submission.objects.update(handed_out=timezone.now())
    for member, solution in ((ada, RIGHT), (bob, WRONG)):
        member.refresh_from_db()
        theirs = content(notebook(answer(solution), checks("assert squares(2) == [0, 1]")))
        cocalc.write_file(_project(member), "homework-1/hw.ipynb", theirs)
        cocalc.write_file(_project(member), f"homework-1/{due_date.NAME}", b"tomorrow")
    at = timezone.now().isoformat()
    transfer_add(course, Kind.SUBMIT, ada, assignment=assignment, options={"at": at})
    factories.work_off()
    step_start(course, Kind.COLLECT, [ada, bob], actor=teacher, assignment=assignment)
    factories.work_off()
    works = {each.student_id: each for each in hidden_of(assignment)}
    assert [each.code for each in hidden_of(assignment)] == sorted(
        each.code for each in works.values()
    )
    there = cocalc.exec(home, "find . -path './.*' -prune -o -print", bash=True).stdout.lower()
    assert "ada" not in there.replace("data", "")
    assert "bob" not in there
    assert "student - " not in there
    assert f"submitted/homework-1/student {works[ada.pk].code.lower()}/" in there
    for member in (ada, bob):
        folder = f"collected/homework-1/Student {works[member.pk].code}"
        assert works[member.pk].collected_path == folder
        assert [file["path"] for file in manifest.of_folder(home, folder)] == ["hw.ipynb"]

    batch = autograde_run(assignment, [ada, bob], actor=teacher)
    factories.work_off()
    assert {row.state for row in batch.transfers.all()} == {"done"}
    for work in hidden_of(assignment):
        work.assignment = assignment
        grade_set(work, score=work.score, comment=f"for {work.code}", by=teacher, how="page")
    step_start(course, Kind.RETURN, [ada, bob], actor=teacher, assignment=assignment)
    factories.work_off()
    for member, score in ((ada, "10"), (bob, "0")):
        work = factories.submission(assignment, member)
        assert work.returned
        grade = cocalc.read_file(_project(member), "graded-homework-1/GRADE.md").decode()
        assert f"for {work.code}" in grade
        assert f"{score} / 10" in grade
        assert cocalc.file_exists(_project(member), "graded-homework-1/hw_autograded.ipynb")
    assert not hidden_of(assignment).exists()


def test_what_fails_by_name_does_not_say_the_code(db: None, cocalc: Client) -> None:
    teacher = factories.make_user("tess", teacher=True)
    course = factories.make_course(teacher)
    ada = factories.enrol(course, factories.make_user("ada"))
    factories.on_cocalc(course)
    assignment = factories.make_assignment(course, points=10, anonymous=True)
    work = factories.submission(assignment, ada)
    work.assignment = assignment
    work.handed_out = work.collected = timezone.now()
    work.collected_path = names.collected_of(work)
    work.save()
    grade_set(work, score=Decimal(3), by=teacher, how="page")
    batch = step_start(course, Kind.RETURN, [ada], actor=teacher, assignment=assignment)
    factories.work_off()
    row = batch.transfers.get()
    assert row.state == "failed"
    assert "Collect again first" in row.error
    assert work.code
    assert work.code not in row.error


@pytest.mark.parametrize("at", ["", "/kept"])
def test_a_submission_that_fails_does_not_say_the_code(db: None, cocalc: Client, at: str) -> None:
    """Its student reads of it, and by name whoever teaches."""
    teacher = factories.make_user("tess", teacher=True)
    course = factories.make_course(teacher)
    ada = factories.enrol(course, factories.make_user("ada"))
    factories.on_cocalc(course)
    ada.refresh_from_db()
    assignment = factories.make_assignment(course, points=10, anonymous=True)
    Submission.objects.update(handed_out=timezone.now())
    work = factories.submission(assignment, ada)
    work.assignment = assignment
    cocalc.write_file(_project(ada), "homework-1/hw.ipynb", b"{}")
    way = f"submitted/homework-1/Student {code_of(work)}{at}"
    cocalc.write_file(str(course.project.project_id), way, b"in the way")
    options = {"at": timezone.now().isoformat()}
    row = transfer_add(course, Kind.SUBMIT, ada, assignment=assignment, options=options)
    factories.work_off()
    row.refresh_from_db()
    assert row.state == ("done" if at else "failed")
    assert work.code not in f"{row.error}{row.result}"


def test_what_cocalc_itself_says_is_told_without_the_code(blind: Blind) -> None:
    work = blind.works["zadie"]
    words = f"tar: collected/homework-1/Student {work.code}/hw.ipynb: Cannot open ({work.code})"
    with pytest.raises(Problem) as raised, said_by_name(work):
        raise CommandFailed("exec", words, status=200, exit_code=1)
    assert "Cannot open" in raised.value.message
    assert work.code not in raised.value.message


def test_statistics_do_not_tell_whose_work_lost_points_for_being_late(blind: Blind) -> None:
    """Who is late stands beside the name, and the list without names has the scores before."""
    for name, work in blind.works.items():
        Submission.objects.filter(pk=work.pk).update(penalty=1 if name == "zadie" else 0)
    _count, [found, _other] = statistics_of(blind.course)
    assert found.histogram
    assert found.histogram.lowest == "4.17"
    work = blind.works["zadie"]
    Submission.objects.filter(pk=work.pk).update(returned=timezone.now())
    _count, [found, _other] = statistics_of(blind.course)
    assert found.histogram
    assert found.histogram.lowest == "3.17"


@pytest.mark.parametrize("anonymous", [True, False])
def test_the_autograder_does_not_go_through_the_list_of_students(db: None, anonymous: bool) -> None:
    """Who sees which work is being graded would else know whose it is."""
    teacher = factories.make_user("tess", teacher=True)
    course = factories.make_course(teacher)
    assignment = factories.make_assignment(course, marked=True, anonymous=anonymous)
    members = [factories.enrol(course, factories.make_user(f"u{n:02}")) for n in range(30)]
    first = autograde_run(assignment, members, actor=teacher)
    for begin in (
        None,
        partial(run_again, first),
        partial(retry_failed, first),
        partial(try_again, assignment, Kind.RUN),
    ):
        batch = begin(actor=teacher) if begin else first
        order = list(batch.transfers.order_by("pk").values_list("member", flat=True))
        assert sorted(order) == sorted(member.pk for member in members)
        assert (order == [member.pk for member in members]) is not anonymous
        batch.transfers.update(state="failed")


def _project(member: Membership) -> str:
    assert member.project
    return str(member.project.project_id)
