"""All that the site holds about a person: which tables, which rows, and what each is in words.

`tests/administration/people/test_held.py` finds every table that leads to users, and fails for one
that stands neither in `HELD` nor in `LEFT_OUT`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from administration.people.shown import events_of
from classroom import models as classroom
from embedding.models import (
    Allowance,
    CocalcAccount,
    EmbedSession,
    Ending,
    Event,
    Member,
    Trashed,
)

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

Rows = Callable[[User], QuerySet[Any]]


@dataclass(frozen=True, slots=True)
class Held:
    """One file of the export.

    `only`: of these fields; else of all but those `without`, which let somebody in, or are another
    person's.
    """

    file: str
    words: "StrPromise"
    model: type[Model]
    rows: Rows
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def _of(model: type[Model], *relations: str) -> Rows:
    """Return what finds the rows that lead to a person by any of these relations."""

    def rows(person: User) -> QuerySet[Any]:
        leads = Q()
        for relation in relations:
            leads |= Q(**{relation: person})
        return model._default_manager.filter(leads)

    return rows


def _named(model: type[Model]) -> Rows:
    """Return what finds the rows with a person's user name."""
    return lambda person: model._default_manager.filter(username=person.get_username())


def sessions_of(person: User) -> QuerySet[EmbedSession]:
    """Return a person's embed sessions."""
    return EmbedSession.objects.filter(Q(user=person) | Q(username=person.get_username()[:150]))


def invitations_of(person: User) -> QuerySet[classroom.Invitation]:
    """Return the invitations that a person accepted, or that were sent to the person's address."""
    found = Q(accepted_by=person)
    if person.email:
        found |= Q(email__iexact=person.email)
    return classroom.Invitation.objects.filter(found)


def changes_about(person: User) -> QuerySet[LogEntry]:
    """Return what the administration's own log says of a person's user record."""
    kind = ContentType.objects.get_for_model(User)
    return LogEntry.objects.filter(content_type=kind, object_id=str(person.pk))


def trashed_of(person: User) -> QuerySet[Trashed]:
    """Return what a person deleted, and what lies in the trash of the person's own projects."""
    own = Member.objects.filter(user=person, role=Member.Role.OWNER)
    mine = Q(project__in=own.values("project")) | Q(by=person.get_username()[:150])
    return Trashed.objects.filter(mine)


_STUDENT = "student__user"
_WORK = "submission__student__user"

HELD: tuple[Held, ...] = (
    Held(
        "user.json",
        _("The user record: names, e-mail address, groups, and when it was made and last used."),
        User,
        lambda person: User.objects.filter(pk=person.pk),
        without=("password",),
    ),
    Held(
        "profile.json",
        _("What was chosen: language, time zone, light or dark pages."),
        classroom.Profile,
        _of(classroom.Profile, "user"),
        without=("calendar",),
    ),
    Held(
        "mail-choice.json",
        _("Which mails are wanted."),
        classroom.MailChoice,
        _of(classroom.MailChoice, "user"),
    ),
    Held(
        "unconfirmed-address.json",
        _("An e-mail address that was not confirmed yet."),
        classroom.UnprovenAddress,
        _of(classroom.UnprovenAddress, "user"),
    ),
    Held(
        "roster-shapes.json",
        _("How the columns of lists of students were read the last time."),
        classroom.RosterShape,
        _of(classroom.RosterShape, "user"),
    ),
    Held(
        "cocalc-account.json",
        _("The account on CoCalc."),
        CocalcAccount,
        _of(CocalcAccount, "user"),
    ),
    Held(
        "ended-access.json",
        _("When access on CoCalc was ended."),
        Ending,
        _named(Ending),
    ),
    Held(
        "projects.json",
        _("The projects on CoCalc that may be opened, and in which role."),
        Member,
        _of(Member, "user"),
    ),
    Held(
        "sessions.json",
        _("Which notebooks were opened, when, and how it went."),
        EmbedSession,
        sessions_of,
    ),
    Held(
        "allowance.json",
        _("How many notebooks were opened in the last minute."),
        Allowance,
        _of(Allowance, "user"),
    ),
    Held(
        "trash.json",
        _("What was deleted and can still be put back."),
        Trashed,
        trashed_of,
    ),
    Held(
        "courses.json",
        _("The courses, and the role in each."),
        classroom.Membership,
        _of(classroom.Membership, "user"),
    ),
    Held(
        "sections-looked-after.json",
        _("The sections that are looked after as an assistant."),
        classroom.SectionAssistant,
        _of(classroom.SectionAssistant, "membership__user"),
    ),
    Held(
        "more-time.json",
        _("The right to more time in a course, with its reason."),
        classroom.Accommodation,
        _of(classroom.Accommodation, _STUDENT),
    ),
    Held(
        "more-time-given.json",
        _("When others were given more time; whose it is and why is theirs."),
        classroom.Accommodation,
        _of(classroom.Accommodation, "granted_by"),
        only=("id", "since", "ended"),
    ),
    Held(
        "extensions.json",
        _("Later due times for single assignments."),
        classroom.Extension,
        _of(classroom.Extension, _STUDENT),
    ),
    Held(
        "extensions-given.json",
        _("When others were given a later due time; whose it is and why is theirs."),
        classroom.Extension,
        _of(classroom.Extension, "granted_by"),
        only=("id", "assignment", "granted"),
    ),
    Held(
        "work.json",
        _("The work on each assignment: where it stands, scores, comments, and what was returned."),
        classroom.Submission,
        _of(classroom.Submission, _STUDENT),
    ),
    Held(
        "submitted.json",
        _("What was submitted and when: names, sizes and hashes of the files."),
        classroom.Snapshot,
        _of(classroom.Snapshot, _WORK),
    ),
    Held(
        "tests.json",
        _("What the tests gave that ran when work was submitted."),
        classroom.TestRun,
        _of(classroom.TestRun, _WORK),
    ),
    Held(
        "grading.json",
        _("Every score and comment as it was given."),
        classroom.GradeChange,
        _of(classroom.GradeChange, _WORK),
    ),
    Held(
        "grading-of-others.json",
        _("When the work of others was graded; scores and comments are theirs."),
        classroom.GradeChange,
        _of(classroom.GradeChange, "by"),
        only=("id", "submission", "how", "at"),
    ),
    Held(
        "looks.json",
        _("Requests for another look at returned work, and the answers."),
        classroom.Look,
        _of(classroom.Look, _WORK),
    ),
    Held(
        "looks-answered.json",
        _("When the requests of others were answered; what they say is theirs."),
        classroom.Look,
        _of(classroom.Look, "answered_by"),
        only=("id", "submission", "answered"),
    ),
    Held(
        "transfers.json",
        _("What the site did for it in courses: handed out, collected, returned, and errors."),
        classroom.Transfer,
        _of(classroom.Transfer, "member__user"),
        without=("holder",),
    ),
    Held(
        "class-steps.json",
        _("The steps for a class that were started."),
        classroom.Batch,
        _of(classroom.Batch, "actor"),
    ),
    Held(
        "notices.json",
        _("What was told on the site and by mail."),
        classroom.Notice,
        _of(classroom.Notice, "user", "member__user"),
    ),
    Held(
        "mails.json",
        _("The mails with what is new: when they were sent. What they said is not kept."),
        classroom.Letter,
        _of(classroom.Letter, "user"),
    ),
    Held(
        "invitations.json",
        _("Invitations to courses."),
        classroom.Invitation,
        invitations_of,
        without=("nonce",),
    ),
    Held(
        "events.json",
        _("The audit log: what was done by this person, and by others to this person’s data."),
        Event,
        lambda person: events_of(person.get_username()),
        without=("digest", "amended", "seal", "position"),
    ),
    Held(
        "sign-ins.json",
        _("When the person signed in, and from where."),
        AccessLog,
        _named(AccessLog),
        without=("session_hash",),
    ),
    Held(
        "wrong-passwords.json",
        _("Attempts to sign in with a wrong password."),
        AccessAttempt,
        _named(AccessAttempt),
        without=("get_data", "post_data"),
    ),
    Held(
        "refused-sign-ins.json",
        _("Attempts to sign in that were refused."),
        AccessFailureLog,
        _named(AccessFailureLog),
    ),
    Held(
        "administration-by.json",
        _("What the person did in the lists of the administration."),
        LogEntry,
        _of(LogEntry, "user"),
    ),
    Held(
        "administration-about.json",
        _("What was changed in the person’s user record in the administration."),
        LogEntry,
        changes_about,
    ),
)

# Tables that lead to users, and are in no file: why.
LEFT_OUT: dict[str, str] = {
    "embedding.DoorCode": "lets a browser in, for a minute",
    "axes.AccessAttemptExpiration": "a moment of a row of wrong-passwords.json",
    "embedding.CheckAccount": "the site's own, for trying the connection",
    "embedding.Remains": "names nobody: it is of people who were forgotten",
    "auth.User_groups": "in user.json",
    "auth.User_user_permissions": "in user.json",
}
