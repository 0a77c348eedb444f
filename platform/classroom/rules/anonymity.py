"""Whose name is hidden from those who grade, and what the work is called instead.

Of an assignment that says so, a student's name and what is graded stay apart until the work is
returned: no page shows a score, or anything else of its grading, beside a name, and none that
grades shows whose work it is, or when it came. A page by name leaves hidden work out by `known`; a
page without names shows nothing else than `hidden_of`.

The code is random and kept with the work, so that nothing about a student leads to it.
"""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from classroom.models import Assignment, Kind, Membership, Role, Submission, Transfer
from embedding.cocalc.errors import CocalcError
from embedding.problems import Problem, of_cocalc

# Neither vowels, so that no word comes about, nor what is read as something else.
_SIGNS = "23456789BCDFGHJKMNPQRSTVWXZ"
_LENGTH = 4


TOO_LATE = gettext_lazy(
    "Work was submitted, collected or graded already, so names can no longer be hidden."
)


class NamesHidden(PermissionDenied):
    """A page by name was asked for work whose name is hidden; `title` and `text` say so."""

    @property
    def title(self) -> str:
        return _("Names are hidden")

    @property
    def text(self) -> str:
        return _(
            "Whose work it is stays hidden until the work is returned. "
            "Choose “Grade” on the assignment’s page to grade without names."
        )


def known(prefix: str = "") -> Q:
    """Return the condition that a work may be shown by name; `prefix` leads to the submission."""
    return Q(**{f"{prefix}assignment__anonymous": False}) | Q(
        **{f"{prefix}returned__isnull": False}
    )


def is_hidden(work: Submission) -> bool:
    """Whether nobody who grades may see whose work it is."""
    return work.assignment.anonymous and work.returned is None


def refuse_hidden(work: Submission) -> None:
    """Raise NamesHidden where a work may not be shown by name."""
    if is_hidden(work):
        raise NamesHidden


def hidden_of(assignment: Assignment) -> "QuerySet[Submission]":
    """Return the collected works of an assignment whose names are hidden, by their codes."""
    found = Submission.objects.filter(assignment=assignment, assignment__anonymous=True)
    return found.filter(
        returned=None,
        collected__isnull=False,
        student__removed=None,
        student__role=Role.STUDENT,
    ).order_by("code")


def code_of(work: Submission) -> str:
    """Return what a work is called without a name; given once, and then kept."""
    while not work.code:
        code = "".join(secrets.choice(_SIGNS) for _sign in range(_LENGTH))
        try:
            with transaction.atomic():
                Submission.objects.filter(pk=work.pk, code="").update(code=code)
        except IntegrityError:
            continue  # another work of the assignment is called so
        work.refresh_from_db(fields=["code"])
    return work.code


def folder_of(work: Submission) -> str:
    """Return the name of a work's folders in the course's project while its name is hidden.

    No folder by name is called so: those have a hyphen or a tilde.
    """
    return f"Student {code_of(work)}"


@contextmanager
def said_by_name(work: Submission) -> Iterator[None]:
    """Take the code out of what went wrong within: that is told beside the student's name."""
    try:
        yield
    except Problem as problem:
        problem.message = _without_code(work, problem.message)
        raise
    except CocalcError as error:
        told = of_cocalc(error)
        told.message = _without_code(work, told.message)
        raise told from error


def _without_code(work: Submission, words: str) -> str:
    """Return these words with nothing of the code, however the folder's name stands in them."""
    if not work.code or not work.assignment.anonymous:
        return words
    return words.replace(folder_of(work), "…").replace(work.code, "…")


def called(work: Submission) -> str:
    """Return what a work is called where it is graded."""
    if not is_hidden(work):
        return work.student.name
    return _("Student %(code)s") % {"code": code_of(work)}


def in_order(assignment: Assignment | None, members: Iterable[Membership]) -> list[Membership]:
    """Return in which order a step takes these: as they come, or mixed where names are hidden.

    Who sees one work graded after the other, and knows the list of students, would know whose turn
    it is.
    """
    found = list(members)
    if assignment and assignment.anonymous:
        secrets.SystemRandom().shuffle(found)
    return found


def may_begin(assignment: Assignment) -> bool:
    """Whether names can be hidden still: what came in before lies in folders called by names."""
    works = Submission.objects.filter(assignment=assignment)
    begun = Q(submitted__isnull=False) | Q(collected__isnull=False) | Q(returned__isnull=False)
    begun |= Q(graded__isnull=False) | Q(score__isnull=False)
    under_way = Transfer.objects.filter(
        assignment=assignment,
        kind__in=(Kind.SUBMIT, Kind.COLLECT, Kind.RUN),
        state__in=Transfer.ACTIVE,
    )
    return not (works.filter(begun).exists() or under_way.exists())
