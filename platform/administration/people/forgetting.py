"""Forget a person: all that the site holds of them goes, and on CoCalc what can be deleted there.

Here it goes in one transaction, or not at all. In the same transaction is written down what a
worker then does on CoCalc, until it is done (`embedding.services.remains`, `.endings`). Events
stay, with a pseudonym in place of the name.
"""

import base64
from collections import defaultdict
from collections.abc import Iterator
from posixpath import dirname
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from administration.people.held import changes_about, invitations_of, sessions_of
from classroom.models import (
    Assignment,
    Course,
    GradeChange,
    Membership,
    Role,
    Snapshot,
    Submission,
    Transfer,
)
from classroom.rules.course_projects import slot_of_tests
from embedding.conf import conf
from embedding.models import CocalcAccount, CocalcProject, Ending, Event, Trashed
from embedding.services.audit import pseudonymise
from embedding.services.mapping import personal_slot
from embedding.services.remains import folders_forget, project_forget

FORGOTTEN = "user.forgotten"


def pseudonym_of(person: User) -> str:
    """Return what events call a person who was forgotten: always the same, made by the site's key.

    Nobody without that key can say whose it is, also who guesses names.
    """
    digest = salted_hmac("administration.people.pseudonym", str(person.pk), algorithm="sha256")
    return f"person-{base64.b32encode(digest.digest())[:10].decode()}"


def person_forget(person: User, *, actor: User) -> str:
    """Erase a person here, have done on CoCalc what can be, and return the pseudonym."""
    pseudonym = pseudonym_of(person)
    with transaction.atomic():
        person = User.objects.select_for_update().get(pk=person.pk)
        name, also = person.get_username(), _other_names(person)
        projects, folders = list(projects_of(person)), _folders(person)
        sessions_of(person).delete()
        invitations_of(person).delete()
        changes_about(person).update(object_repr=pseudonym)
        for model in (AccessAttempt, AccessFailureLog, AccessLog):
            model._default_manager.filter(username=name).delete()
        Trashed.objects.filter(by=name[:150]).update(by=pseudonym)
        CocalcAccount.objects.filter(linked_by=name[:150]).update(linked_by=pseudonym)
        _decisions_rename(name, pseudonym)
        Transfer.objects.filter(options__by=name).update(options={"by": pseudonym})
        person.delete()  # and all that leads to it; the account's access is to be ended then
        Ending.objects.filter(username=name[:150]).update(username=pseudonym)
        for project in projects:
            project_forget(project, pseudonym)
        for course_project, paths in folders.items():
            folders_forget(course_project, paths, pseudonym)
        pseudonymise(name, pseudonym, also=also)
        Event.log(
            FORGOTTEN,
            pseudonym,
            actor=actor.get_username(),
            whom=pseudonym,
            projects=len(projects),
            folders=sum(map(len, folders.values())),
        )
    return pseudonym


def projects_of(person: User) -> Iterator[CocalcProject]:
    """Give the projects that the site keeps for a person alone."""
    if conf().own_sign_in:  # they are the users' own, and the site could not delete them
        return
    members = Membership.objects.filter(user=person).select_related("course")
    slots = [personal_slot(person.pk), *(slot_of_tests(member) for member in members)]
    own = Q(slot__in=slots) | Q(student_membership__user=person)
    yield from CocalcProject.objects.filter(own).order_by("pk")


def what_goes(person: User) -> Iterator[str]:
    """Say what is erased here, of each kind how much."""
    works = Submission.objects.filter(student__user=person)
    courses = Membership.objects.filter(user=person).count()
    submitted = Snapshot.objects.filter(submission__in=works).count()
    scores = works.filter(score__isnull=False).count()
    sessions = sessions_of(person).count()
    for count, said in (
        (courses, ngettext("the place in %(n)s course", "the places in %(n)s courses", courses)),
        (submitted, ngettext("%(n)s submission", "%(n)s submissions", submitted)),
        (
            scores,
            ngettext("%(n)s score with its comment", "%(n)s scores with their comments", scores),
        ),
        (
            sessions,
            ngettext("%(n)s session in a notebook", "%(n)s sessions in notebooks", sessions),
        ),
    ):
        if count:
            yield said % {"n": count}


def what_goes_on_cocalc(person: User) -> Iterator[str]:
    """Say what is deleted on CoCalc."""
    projects = [one for one in projects_of(person) if one.project_id or one.attempts]
    folders = sum(map(len, _folders(person).values()))
    if projects:
        yield ngettext(
            "%(n)s project with all its files: %(titles)s",
            "%(n)s projects with all their files: %(titles)s",
            len(projects),
        ) % {"n": len(projects), "titles": ", ".join(f"“{one.title}”" for one in projects[:20])}
    if folders:
        yield ngettext(
            "%(n)s folder with collected or submitted work in the courses’ projects",
            "%(n)s folders with collected or submitted work in the courses’ projects",
            folders,
        ) % {"n": folders}


def what_stays(person: User) -> Iterator[str]:
    """Say what no site can erase, and what is kept."""
    account = CocalcAccount.objects.filter(user=person, account_id__isnull=False).first()
    if account and account.linked:
        yield _("The person’s own account on CoCalc, which is only taken out of the projects.")
    elif account:
        yield _(
            "The account on CoCalc with its name, in no project any more: CoCalc lets no site "
            "delete accounts. Its administrator can, by its number %(number)s."
        ) % {"number": account.account_id}
    yield _("CoCalc’s own backups and snapshots, until CoCalc deletes them.")
    yield _("Events in the audit log, with “%(name)s” in place of the name.") % {
        "name": pseudonym_of(person)
    }
    given = GradeChange.objects.filter(by=person).count()
    if given:
        yield ngettext(
            "%(n)s score or comment given to others, without the name of who gave it.",
            "%(n)s scores or comments given to others, without the name of who gave them.",
            given,
        ) % {"n": given}
    for course in courses_without_teacher(person):
        yield _("“%(course)s”, which then has no teacher.") % {"course": course}
    yield _("What others wrote that names the person, mails, lists and backups made before.")


def courses_without_teacher(person: User) -> Iterator[Course]:
    """Give the courses of which a person is the only teacher."""
    taught = Membership.objects.filter(removed=None, role=Role.TEACHER)
    others = taught.exclude(user=person).values("course")
    mine = Course.objects.filter(pk__in=taught.filter(user=person).values("course"))
    yield from mine.exclude(pk__in=others).order_by("title")


def _folders(person: User) -> dict[CocalcProject, set[str]]:
    """Return the folders with a person's work in the projects of courses."""
    found: dict[CocalcProject, set[str]] = defaultdict(set)
    works = Submission.objects.filter(student__user=person).select_related(
        "student__course__project"
    )
    for work in works:
        if work.collected_path:
            found[work.student.course.project].add(work.collected_path)
    snapshots = Snapshot.objects.filter(submission__student__user=person).select_related(
        "submission__student__course__project"
    )
    for snapshot in snapshots:
        # Each lies in a folder of the student's, which is called after the student.
        found[snapshot.submission.student.course.project].add(dirname(snapshot.path))
    return found


def _other_names(person: User) -> list[str]:
    """Return by which names, beside the user name, events may call a person."""
    account = CocalcAccount.objects.filter(user=person).first()
    moved = Event.objects.filter(whom=person.get_username(), detail__has_key="was")
    before = [row.detail["was"] for row in moved if isinstance(row.detail["was"], str)]
    names = [person.get_full_name(), person.email, person.email.lower(), *before]
    if account:
        names.append(account.email)
    return [name for name in names if name]


def _decisions_rename(name: str, pseudonym: str) -> None:
    """Put the pseudonym where a teacher's name stands in decisions about an assignment's files."""
    rows = Assignment.objects.filter(Q(approved__by=name) | Q(going_out__by=name))
    for row in rows:
        kept: tuple[dict[str, Any], ...] = (row.approved, row.going_out)
        for decided in kept:
            if decided.get("by") == name:
                decided["by"] = pseudonym
        row.save(update_fields=["approved", "going_out"])
