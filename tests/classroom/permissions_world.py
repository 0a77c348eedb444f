"""Two courses with everything in them that an address can name, and everybody who might ask."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.utils import timezone

from classroom.models import (
    Batch,
    Course,
    Extension,
    Invitation,
    KeptComment,
    Kind,
    Look,
    Membership,
    Profile,
    Role,
    Snapshot,
    Transfer,
    UnprovenAddress,
)
from classroom.notices import unsubscribing
from classroom.people import invitations, proving
from classroom.rules.deadlines import due_update
from classroom.today.calendar_link import calendar_link
from embedding.models import Member
from tests.classroom import factories

# What only some may read: each text stands in exactly one place.
DRAFT, COMING_TEXT = "the-draft", "what-is-coming-is-secret"
ADA_COMMENT, BOB_COMMENT = "comment-for-ada", "comment-for-bob"
BOB_NAME, BOB_NUMBER, BOB_FILE = "Babbage", "number-of-bob", "engine-of-bob"
UNRETURNED = "not-returned-yet"
REASON = "reason-of-bob"
STDOUT = "printed-by-bob"
INVITED = "invited@else.test"
RETURNED = timezone.now() - timedelta(hours=2)
LOOK = 4_000_000  # the id of the request that waits in the first of the courses


@dataclass
class World:
    """A course, and all that its addresses name."""

    course: Course
    people: dict[str, User | None] = field(default_factory=dict)
    ids: dict[str, Any] = field(default_factory=dict)


def make_world(prefix: str = "") -> World:
    teacher = factories.make_user(f"{prefix}tess", teacher=True)
    course = factories.make_course(teacher, f"Physics{prefix}", join_code=uuid4())
    course.project.project_id = uuid4()
    course.project.save()
    assistant = factories.make_user(f"{prefix}theo")
    helper = factories.enrol(course, assistant, Role.ASSISTANT)
    now = timezone.now()
    homework = factories.make_assignment(
        course,
        points=10,
        out=now - timedelta(days=3),
        due=now + timedelta(days=1),
        marked=True,
        look_until=now + timedelta(days=2),
        files=[{"path": "hw.ipynb", "size": 2, "sha256": "0" * 64}],
        sources=[{"path": "hw.ipynb", "size": 2, "sha256": "0" * 64}],
        version_report={"made_of": "", "notebooks": []},
        has_student_folder=True,
    )
    factories.make_assignment(course, DRAFT, folder="the-draft", release=now + timedelta(days=1))
    factories.make_assignment(
        course,
        "Coming",
        folder="coming-folder",
        announced=True,
        release=now + timedelta(days=2),
        due=now + timedelta(days=9),
        points=77,
        instructions=COMING_TEXT,
    )
    gone = factories.make_assignment(course, "Gone", removed=now)
    ada = _student(course, f"{prefix}ada", "Lovelace", "number-of-ada")
    bob = _student(course, f"{prefix}bob", BOB_NAME, BOB_NUMBER)
    eve = _student(course, f"{prefix}eve", "Leaver", "")
    Membership.objects.filter(pk=bob.pk).update(section="Lab")
    bob.section = "Lab"
    eve.removed = now
    eve.save()
    Member.objects.filter(user=eve.user).delete()
    for student, comment in ((ada, ADA_COMMENT), (bob, BOB_COMMENT)):
        work = factories.submission(homework, student)
        work.handed_out = work.opened = now - timedelta(days=2)
        work.submitted, work.collected = now - timedelta(hours=9), now - timedelta(hours=5)
        work.returned, work.graded = RETURNED, now - timedelta(hours=1)
        work.returned_comment, work.comment = comment, f"{UNRETURNED}-{student.pk}"
        work.returned_score, work.score = 7, 8
        work.details = {"copies": {"hw.ipynb": ["hw (1).ipynb"]}}
        work.save()
    Look.objects.create(
        pk=None if prefix else LOOK,
        submission=factories.submission(homework, eve),
        returned=RETURNED,
        text="Please look again.",
    )
    nameless = factories.make_assignment(
        course, "Blind", folder="blind", points=10, anonymous=True, marked=True
    )
    shade = factories.submission(nameless, bob)
    shade.handed_out = shade.submitted = shade.collected = now - timedelta(hours=5)
    shade.score, shade.graded, shade.code = 4, now, "7F3K"
    shade.details = {"copies": {"hw.ipynb": ["hw (1).ipynb"]}}
    shade.save()
    snapshot = Snapshot.objects.create(
        submission=factories.submission(homework, bob),
        taken=now - timedelta(hours=9),
        path="submitted/bob",
        files=[{"path": BOB_FILE, "size": 1, "sha256": "0" * 64}],
    )
    Extension.objects.create(
        assignment=homework, student=bob, due=now + timedelta(days=5), reason=REASON
    )
    due_update(homework)
    invitation = Invitation.objects.create(course=course, email=INVITED)
    step = Batch.objects.create(
        course=course, kind=Kind.COLLECT, actor=teacher, assignment=homework
    )
    run = Batch.objects.create(
        course=course,
        kind=Kind.RUN,
        actor=teacher,
        assignment=homework,
        options={"command": "ls", "timeout": 60, "scores": ""},
    )
    made = [_failed(batch, bob) for batch in (step, run)]
    return World(
        course,
        {
            "out": None,
            "stranger": factories.make_user(f"{prefix}sam"),
            "student": ada.user,
            "classmate": bob.user,
            "removed": eve.user,
            "assistant": assistant,
            "teacher": teacher,
        },
        {
            "course": course.pk,
            "assignment": homework.pk,
            "gone": gone.pk,
            "nameless": nameless.pk,
            "shade": shade.code,
            "member": bob.pk,
            "removed": eve.pk,
            "helper": helper.pk,
            "batch": step.pk,
            "run": run.pk,
            "transfer": made[1].pk,
            "invitation": invitation.pk,
            "calendar": calendar_of(bob.user),
            "snapshot": snapshot.pk,
            "comment": KeptComment.objects.create(course=course, text="Well done.").pk,
            "code": course.join_code,
            "proof": proving.link(_unproven(bob.user)).rstrip("/").rpartition("/")[2],
            "stop": unsubscribing.link(bob.user, []).rstrip("/").rpartition("/")[2],
            "signed": invitations.link(invitation).rstrip("/").rpartition("/")[2],
        },
    )


def calendar_of(user: User) -> str:
    """Return the secret part of a user's calendar address."""
    profile = Profile.objects.create(user=user, calendar=uuid4())
    return calendar_link(profile).rpartition("/")[2].removesuffix(".ics")


def _student(course: Course, username: str, last_name: str, number: str) -> Membership:
    user = factories.make_user(username, first_name="Learner", last_name=last_name)
    member = factories.enrol(course, user, number=number, prepared=timezone.now())
    assert member.project
    member.project.project_id = uuid4()
    member.project.save()
    return member


def _unproven(user: User) -> UnprovenAddress:
    user.email = f"{user.username}@else.test"
    user.save()
    return UnprovenAddress.objects.create(user=user, email=user.email, asked=timezone.now())


def _failed(batch: Batch, member: Membership) -> Transfer:
    return Transfer.objects.create(
        batch=batch,
        course=batch.course,
        kind=batch.kind,
        assignment=batch.assignment,
        member=member,
        lane=Transfer.lane_of(batch.course, member),
        key=f"{batch.kind}:{batch.pk}:{member.pk}",
        state=Transfer.State.FAILED,
        error="It failed.",
        result={"exit_code": 1, "stdout": STDOUT},
    )
