"""Grades read from CSV: first what would change and what is wrong, line by line; then all or none.

What is written is what was shown: a plan has a digest, and a plan that came out otherwise by the
time it is confirmed is shown again. An empty cell takes the score away; a column or a line that is
missing changes nothing.

What is given is the score before a late penalty. So a file with the column “(before late penalty)”
gives that one, and the score that counts may stand beside it only as it is worked out: whoever
changes that one instead is told which to change. In a file without that column, a score that is
just what counts now changes nothing: an export that is imported as it is never does.
"""

import csv
import hashlib
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from classroom.grading.exports import BEFORE, COMMENT, FIXED, KEY, LATE, PENALTY, TOTAL, columns
from classroom.grading.selection import graded_assignments, students_of
from classroom.models import Assignment, Course, Membership, Submission, final_of
from classroom.pages.spreadsheets import BOM, plain
from classroom.rules.decoding import NoText, text_of
from classroom.rules.scoring import (
    Grade,
    comment_check,
    grades_set,
    is_bonus,
    number_text,
    score_check,
    score_read,
)
from embedding.conf import MEGABYTE

MOST_BYTES = 2 * MEGABYTE


@dataclass(frozen=True, slots=True)
class Change:
    """One grade that would be written."""

    line: int
    submission: Submission
    score: Decimal | None
    comment: str | None  # None: as it is

    @property
    def before(self) -> str:
        """The score until now, for people."""
        return number_text(self.submission.score) or "–"

    @property
    def after(self) -> str:
        """The score to be, for people."""
        return number_text(self.score) or "–"

    @property
    def is_loss(self) -> bool:
        """Whether a score is taken away."""
        return self.submission.score is not None and self.score is None

    @property
    def has_comment(self) -> bool:
        """Whether the comment changes."""
        return self.comment is not None and self.comment != self.submission.comment

    @property
    def is_bonus(self) -> bool:
        """Whether it is more than the points."""
        return is_bonus(self.submission.assignment, self.score)


@dataclass(slots=True)
class Plan:
    """What an import would do."""

    changes: list[Change] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)  # a line, and what is wrong
    ignored: list[str] = field(default_factory=list)  # columns
    lines: int = 0
    same: int = 0  # grades that are there already

    @property
    def digest(self) -> str:
        """A short text that is another one for any other plan."""
        parts = [
            f"{each.submission.pk} {each.submission.score} {each.score} "
            f"{each.submission.comment!r} {each.comment!r}"
            for each in self.changes
        ]
        parts += [f"{line} {words}" for line, words in self.faults]
        return hashlib.sha256("\n".join(parts).encode(errors="replace")).hexdigest()

    @property
    def losses(self) -> int:
        """How many scores would be taken away."""
        return sum(each.is_loss for each in self.changes)


def too_large() -> str:
    """Say how large a file may be."""
    return _("The file is too large. It may have at most %(most)s MB.") % {
        "most": MOST_BYTES // MEGABYTE
    }


def decoded(content: bytes) -> str:
    """Return a file's text; ValidationError where it is too large, or no text."""
    if len(content) > MOST_BYTES:
        raise ValidationError(too_large())
    try:
        return text_of(content)
    except NoText as said:
        raise ValidationError(str(said)) from None


def plan(course: Course, text: str) -> Plan:
    """Say what an import of this CSV would do. ValidationError where it cannot be read at all."""
    lines = _rows(text)
    try:
        head = next(lines)[1]
    except StopIteration:
        raise ValidationError(_("The file is empty.")) from None
    reader = _Reader(course, [plain(cell).strip() for cell in head])
    for line, row in lines:
        reader.read(line, row)
    return reader.plan


def apply(course: Course, text: str, digest: str, by: User) -> tuple[Plan, bool]:
    """Write what the plan with this digest says; return the plan as it is now, and whether."""
    with transaction.atomic():
        found = plan(course, text)
        if found.digest != digest:
            return found, False
        grades_set(
            [Grade(each.submission, each.score, each.comment) for each in found.changes],
            by=by,
            how="import",
        )
        return found, True


class _Reader:
    """Reads line after line into a plan."""

    def __init__(self, course: Course, head: Sequence[str]) -> None:
        self.plan = Plan()
        self._width = len(head)
        self._scores: dict[int, Assignment] = {}
        self._comments: dict[int, Assignment] = {}
        self._worked_out: dict[int, int] = {}  # where the score that counts stands, by assignment
        self._penalties: dict[int, int] = {}
        assignments = graded_assignments(course)
        folded = [name.casefold() for name in head]
        if KEY.casefold() not in folded:
            raise ValidationError(
                _(
                    "The first line must have a column “%(name)s”. "
                    "Export the grades to see an example."
                )
                % {"name": KEY}
            )
        double = [name for name, count in Counter(folded).items() if name and count > 1]
        if double:
            raise ValidationError(_("Two columns are called “%(name)s”.") % {"name": double[0]})
        self._key = folded.index(KEY.casefold())
        self._columns(assignments, head)
        self._members = {
            member.user.get_username(): member
            for member in students_of(course).select_related("user")
        }
        self._seen: dict[str, int] = {}
        self._is_assistants = course.only_sections is not None
        self._work = {
            (each.student_id, each.assignment_id): each
            for each in Submission.objects.filter(
                assignment__in=[each.pk for each in assignments], student__course=course
            ).defer("details")
        }

    def _columns(self, assignments: Sequence[Assignment], head: Sequence[str]) -> None:
        names = {heading.casefold(): pk for pk, heading in columns(assignments).items()}
        by_id = {each.pk: each for each in assignments}
        fixed = {name.casefold() for name in (*FIXED, TOTAL)}
        fixed |= {name + LATE for name in names}
        there = {name.casefold() for name in head}
        for position, name in enumerate(head):
            folded = name.casefold()
            before = folded.removesuffix(BEFORE)
            if folded in names and folded + BEFORE in there:
                self._worked_out[names[folded]] = position
            elif folded in names:
                self._scores[position] = by_id[names[folded]]
            elif folded.endswith(BEFORE) and before in names:
                self._scores[position] = by_id[names[before]]
            elif folded.endswith(PENALTY) and folded.removesuffix(PENALTY) in names:
                self._penalties[names[folded.removesuffix(PENALTY)]] = position
            elif folded.endswith(COMMENT) and folded.removesuffix(COMMENT) in names:
                self._comments[position] = by_id[names[folded.removesuffix(COMMENT)]]
            elif name and folded not in fixed:
                self.plan.ignored.append(name)
        if not self._scores and not self._comments:
            raise ValidationError(_("No column has the title of an assignment of this course."))

    def read(self, line: int, row: list[str]) -> None:
        """Take one line in."""
        self.plan.lines += 1
        if any(cell.strip() for cell in row[self._width :]) or len(row) < self._width:
            words = ngettext(
                "It has %(count)s cell, but the first line has %(width)s.",
                "It has %(count)s cells, but the first line has %(width)s.",
                len(row),
            )
            self._fault(line, words % {"count": len(row), "width": self._width})
            return
        username = plain(row[self._key].strip())
        member = self._members.get(username)
        if not username:
            self._fault(line, _("The user name is missing."))
        elif member is None:
            self._fault(line, self._unknown() % {"name": username[:60]})
        elif username in self._seen:
            words = _("“%(name)s” is already in line %(line)s.")
            self._fault(line, words % {"name": username[:60], "line": self._seen[username]})
        else:
            self._seen[username] = line
            self._grades(line, row, member)

    def _grades(self, line: int, row: list[str], member: Membership) -> None:
        found: dict[int, dict[str, object]] = {}
        for position, assignment in self._scores.items():
            if self._is_hidden(line, row[position], member, assignment):
                continue
            try:
                score = score_check(assignment, score_read(plain(row[position].strip())))
            except ValidationError as error:
                words = _("%(title)s: “%(shown)s”. %(why)s") % {
                    "title": assignment.title,
                    "shown": row[position].strip()[:30],
                    "why": " ".join(error.messages),
                }
                self._fault(line, words)
                continue
            if assignment.pk in self._worked_out:
                if edited := self._edited(row, member, assignment, score):
                    self._fault(line, edited)
                    continue
            elif (work := self._work.get((member.pk, assignment.pk))) and score == work.final:
                score = work.score
            found.setdefault(assignment.pk, {})["score"] = score
        for position, assignment in self._comments.items():
            if self._is_hidden(line, row[position], member, assignment):
                continue
            try:
                comment = comment_check(plain(row[position]))
            except ValidationError as error:
                words = _("%(title)s: %(why)s")
                why = " ".join(error.messages)
                self._fault(line, words % {"title": assignment.title, "why": why})
                continue
            found.setdefault(assignment.pk, {})["comment"] = comment
        for assignment_id, given in found.items():
            self._change(line, member, assignment_id, given)

    def _is_hidden(self, line: int, cell: str, member: Membership, assignment: Assignment) -> bool:
        """Whether the name is hidden: an empty cell is left alone then, and any other refused."""
        work = self._work.get((member.pk, assignment.pk))
        if work is None or not assignment.anonymous or work.returned:
            return False
        if cell.strip():
            words = _("%(title)s: names are hidden until the work is returned.")
            self._fault(line, words % {"title": assignment.title})
        return True

    def _change(
        self, line: int, member: Membership, assignment_id: int, given: dict[str, object]
    ) -> None:
        work = self._work.get((member.pk, assignment_id))
        if work is None:
            if any(value not in (None, "") for value in given.values()):
                words = _("%(name)s does not have this assignment yet.")
                self._fault(line, words % {"name": member.name})
            return
        work.student = member
        work.assignment = self._by_id(assignment_id)
        score = given.get("score", work.score)
        comment = given.get("comment")
        assert score is None or isinstance(score, Decimal)  # noqa: S101  for the type checker
        assert comment is None or isinstance(comment, str)  # noqa: S101
        if score == work.score and comment in (None, work.comment):
            self.plan.same += 1
        else:
            self.plan.changes.append(Change(line, work, score, comment))

    def _edited(
        self, row: list[str], member: Membership, assignment: Assignment, score: Decimal | None
    ) -> str:
        """Say what is wrong with the score that counts, where it is not as it is worked out."""
        shown = plain(row[self._worked_out[assignment.pk]].strip())
        work = self._work.get((member.pk, assignment.pk))
        column = self._penalties.get(assignment.pk)
        penalty = plain(row[column].strip()) if column is not None else ""
        try:
            given, off = score_read(shown), score_read(penalty) or Decimal()
        except ValidationError:
            given, off = Decimal(-1), Decimal()
        as_exported = final_of(score, off)
        if given == as_exported or (work is not None and given == work.final):
            return ""
        return _(
            "%(title)s: “%(shown)s” was changed, but it is only the result. "
            "Change the score in the column “%(title)s%(column)s”."
        ) % {"title": assignment.title, "shown": shown[:30], "column": BEFORE}

    def _unknown(self) -> str:
        if self._is_assistants:
            return _("Your sections have no student “%(name)s”.")
        return _("This course has no student “%(name)s”.")

    def _by_id(self, assignment_id: int) -> Assignment:
        both = (*self._scores.values(), *self._comments.values())
        return next(each for each in both if each.pk == assignment_id)

    def _fault(self, line: int, words: str) -> None:
        self.plan.faults.append((line, words))


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that are not empty, with their numbers; ValidationError for no CSV."""
    text = text.removeprefix(BOM)
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ValidationError(
                _("Line %(line)s cannot be read as CSV. Check its quotation marks.")
                % {"line": line}
            ) from error
        if any(cell.strip() for cell in row):
            yield line, row
