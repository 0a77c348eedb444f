"""What other points, another weight or another late penalty do to scores: said before it is done.

A score is out of its assignment's points. Where these change after grading, the teacher chooses:
the scores stay as they are, or all are rescaled, and each is in its history as a change of its
own. What is done is what was shown: an effect has a digest, and one that came out otherwise by
the time it is confirmed is shown again.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from classroom.assignments import assignments
from classroom.models import Assignment, Membership, Role, Submission, final_of
from classroom.rules.anonymity import called, is_hidden, known
from classroom.rules.late_words import rule_text
from classroom.rules.penalties import RULE, costly, costs, has_rule, is_same
from classroom.rules.scoring import (
    CENT,
    RESCALE,
    Grade,
    grades_set,
    is_bonus,
    number,
    number_text,
    score_check,
)
from classroom.rules.total import Rule
from embedding.models import Event

_BY_NAME = ("student__user__last_name", "student__user__first_name", "student__user__username")


class Score(NamedTuple):
    """One score of one student."""

    assignment_id: int
    final: Decimal | None


@dataclass(frozen=True, slots=True)
class Line:
    """What becomes of one student's score on the assignment, and of the total."""

    name: str
    score: str  # as it is, and would be kept
    rescaled: str
    counts: str  # the score that counts, after its late penalty
    counts_then: str
    total: str
    total_kept: str
    total_rescaled: str
    over: bool  # what is kept is over the new points
    refused: str  # why it cannot be kept

    @property
    def changes(self) -> bool:
        """Whether there is anything to see."""
        totals = {self.total, self.total_kept, self.total_rescaled}
        return bool(self.score) or self.counts != self.counts_then or len(totals) > 1


@dataclass(slots=True)
class Effect:
    """What a change of an assignment does to scores and totals."""

    was: Assignment | None  # None: it is new
    assignment: Assignment  # as it is to be
    rule: Rule
    rule_before: Rule
    scored: list[Submission] = field(default_factory=list)
    rescaled: dict[int, Decimal] = field(default_factory=dict)  # by submission
    lines: list[Line] = field(default_factory=list)
    digest: str = ""

    @property
    def is_of_points(self) -> bool:
        """Whether there are scores whose points change."""
        return bool(self.scored) and _points(self.was) != self.assignment.points

    @property
    def asks(self) -> bool:
        """Whether a score or a total comes to mean something else."""
        totals = any(line.total != line.total_kept for line in self.lines)
        return self.is_of_points or self.is_of_lateness or totals

    @property
    def is_of_lateness(self) -> bool:
        """Whether late work that has a score costs something else."""
        return any(line.counts != line.counts_then for line in self.lines)

    @property
    def late_rule(self) -> str:
        """What late work is to cost, in sentences."""
        return rule_text(self.assignment) or _("Late work costs nothing.")

    @property
    def late_rule_before(self) -> str:
        """What late work costs now, in sentences."""
        return (rule_text(self.was) if self.was else "") or _("Late work costs nothing.")

    @property
    def can_rescale(self) -> bool:
        """Whether there is something to rescale from, and to."""
        return self.is_of_points and len(self.rescaled) == len(self.scored)

    @property
    def has_returned(self) -> bool:
        """Whether students have got some of these scores back."""
        return any(row.returned for row in self.scored)

    @property
    def refused(self) -> list[Line]:
        """Whose scores cannot be kept."""
        return [line for line in self.lines if line.refused]

    @property
    def over(self) -> int:
        """How many scores would be over the new points if they were kept."""
        return sum(line.over for line in self.lines)

    @property
    def old_points(self) -> str:
        """The points until now, for people."""
        return number_text(_points(self.was))

    @property
    def new_points(self) -> str:
        """The points to be, for people."""
        return number_text(self.assignment.points)


def effect_of(assignment: Assignment) -> Effect:
    """Return what it does if the assignment is stored as it is here; nothing is written."""
    was = Assignment.objects.filter(pk=assignment.pk).first() if assignment.pk else None
    others = list(
        Assignment.objects.filter(course=assignment.course, handout=False, removed=None).exclude(
            pk=assignment.pk
        )
    )
    before = others if was is None or was.handout or was.removed else [*others, was]
    after = others if assignment.handout else [*others, assignment]
    effect = Effect(was, assignment, Rule(after), Rule(before))
    if was and is_same(was, assignment) and _parts(was) == _parts(assignment):
        return effect  # the usual case: nothing is looked up
    if was:
        rows = Submission.objects.filter(assignment=was, score__isnull=False)
        effect.scored = list(rows.select_related("student__user", "assignment").order_by(*_BY_NAME))
        effect.rescaled = _rescaled(was, assignment, effect.scored)
    effect.lines = _lines(effect, _Scores.of(effect, after + before))
    effect.digest = _digest(effect, [*others, *([was] if was else [])])
    return effect


def assignment_change(
    assignment: Assignment, *, seen: str, rescale: bool, by: User
) -> tuple[Effect, int | None]:
    """Store the changed assignment, and rescale its scores if so chosen.

    Return the effect, and how many students are told a new due time; None where nothing was
    stored, because there is an effect and `seen` is not its digest. ValidationError, with nothing
    stored, where the scores cannot be kept, or rescaled.
    """
    with transaction.atomic():
        # No score is given between what is looked at here and what is written. Keys stay as they
        # are, so a submit that holds a student's row and needs the assignment's is not waited for.
        list(Assignment.objects.select_for_update(no_key=True).filter(pk=assignment.pk))
        rows = Submission.objects.select_for_update(no_key=True).filter(assignment=assignment)
        list(rows.order_by("pk").values_list("pk"))
        effect = effect_of(assignment)
        if effect.asks and effect.digest != seen:
            return effect, None
        if rescale and effect.is_of_points and not effect.can_rescale:
            raise ValidationError(_("These scores cannot be rescaled."))
        if not rescale and effect.refused:
            raise ValidationError(effect.refused[0].refused)
        told = assignments.assignment_change(assignment, by=by)
        if rescale and effect.is_of_points:
            for row in effect.scored:
                row.assignment = assignment
            grades = [Grade(row, effect.rescaled[row.pk]) for row in effect.scored]
            grades_set(grades, by=by, how=RESCALE)
            Event.log(
                "course.scores_rescaled",
                str(assignment.course),
                actor=by.get_username(),
                course=assignment.course_id,
                assignment=assignment.title,
                was=number(_points(effect.was)),
                points=number(assignment.points),
                scores=len(grades),
            )
        return effect, told


def _parts(assignment: Assignment) -> tuple[Decimal | None, Decimal | None, bool]:
    return assignment.points, assignment.weight, assignment.handout


def _points(assignment: Assignment | None) -> Decimal | None:
    return assignment.points if assignment else None


def _rescaled(
    was: Assignment, assignment: Assignment, rows: Iterable[Submission]
) -> dict[int, Decimal]:
    """Return the rescaled scores, as far as they can be scores."""
    found: dict[int, Decimal] = {}
    if not was.points or not assignment.points:
        return found
    for row in rows:
        score = (row.score or Decimal()) * assignment.points / was.points
        try:
            kept = score_check(assignment, score.quantize(CENT, ROUND_HALF_UP))
        except ValidationError:
            continue
        found[row.pk] = kept or Decimal()
    return found


@dataclass(frozen=True, slots=True)
class _Scores:
    """The scores that count of the students who are in the course: by student, by assignment.

    Of work whose name is hidden there is none.
    """

    now: dict[int, dict[int, Decimal]]
    kept: dict[int, dict[int, Decimal]]
    rescaled: dict[int, dict[int, Decimal]]

    @classmethod
    def of(cls, effect: Effect, all_of: Iterable[Assignment]) -> "_Scores":
        works = Submission.objects.filter(
            assignment__in=[each.pk for each in all_of if each.pk],
            student__removed=None,
            student__role=Role.STUDENT,
        ).defer("details")
        now: dict[int, dict[int, Decimal]] = defaultdict(dict)
        for work in works.filter(known(), score__isnull=False):
            if (counts := work.final) is not None:
                now[work.student_id][work.assignment_id] = counts
        late: dict[int, list[Submission]] = defaultdict(list)
        if effect.was and (has_rule(effect.was) or has_rule(effect.assignment)):
            for work in costly(works).select_related("assignment"):
                late[work.student_id].append(work)
        kept = cls._then(effect, now, late, {})
        rescaled = effect.rescaled if effect.can_rescale else {}
        return cls(now, kept, cls._then(effect, now, late, rescaled) if rescaled else kept)

    @staticmethod
    def _then(
        effect: Effect,
        now: dict[int, dict[int, Decimal]],
        late: dict[int, list[Submission]],
        rescaled: dict[int, Decimal],
    ) -> dict[int, dict[int, Decimal]]:
        """Return what counts by the new rule, with these scores, by submission, instead."""
        then = {student: dict(counts) for student, counts in now.items()}
        for row in effect.scored:
            if row.student_id in then and row.pk in rescaled and not is_hidden(row):
                then[row.student_id][row.assignment_id] = rescaled[row.pk]
        for student, works in late.items():
            rules = {work.assignment_id: work.assignment for work in works}
            rules[effect.assignment.pk] = effect.assignment
            scores = {work.pk: work.score for work in works}
            for work in works:
                work.score = rescaled.get(work.pk, work.score)
            found = costs(works, rules, effect.assignment.course.late_days)
            for work in works:
                counts = final_of(work.score, found[work.pk].penalty)
                work.score = scores[work.pk]
                if counts is not None and not is_hidden(work):
                    then[student][work.assignment_id] = counts
        return then


def _lines(effect: Effect, scores: _Scores) -> list[Line]:
    """Return a line for each student for whom something changes, the worst first."""
    scored = {row.student_id: row for row in effect.scored if not is_hidden(row)}
    names = {row.student_id: row.student.name for row in scored.values()}
    members = Membership.objects.filter(pk__in=scores.now.keys() - names.keys())
    for member in members.select_related("user"):
        names[member.pk] = member.name
    order = sorted(names, key=lambda pk: (names[pk].split()[-1:], names[pk]))
    lines = [_line(effect, pk, names[pk], scored.get(pk), scores) for pk in order]
    # Lines of their own: a total beside them would say whose they are.
    hidden = sorted((called(row), row.pk, row) for row in effect.scored if is_hidden(row))
    nothing = _Scores({}, {}, {})
    lines += [_line(effect, row.student_id, name, row, nothing) for name, _pk, row in hidden]
    lines = [line for line in lines if line.changes]
    return sorted(lines, key=lambda line: (not line.refused, not line.over))


def _line(
    effect: Effect, student: int, name: str, scored: Submission | None, scores: _Scores
) -> Line:
    row = scored if effect.is_of_points else None
    now, kept, rescaled = (
        each.get(student, {}) for each in (scores.now, scores.kept, scores.rescaled)
    )
    refused = ""
    if row:
        try:
            score_check(effect.assignment, row.score)
        except ValidationError as error:
            has = _("%(name)s has %(score)s.") % {"name": name, "score": number_text(row.score)}
            refused = " ".join([has, *error.messages])
    return Line(
        name=name,
        score=number_text(row.score) if row else "",
        rescaled=number_text(effect.rescaled.get(row.pk)) if row else "",
        counts=number_text(now.get(effect.assignment.pk)),
        counts_then=number_text(kept.get(effect.assignment.pk)),
        total=_said(effect.rule_before, now),
        total_kept=_said(effect.rule, kept),
        total_rescaled=_said(effect.rule, rescaled),
        over=bool(row and is_bonus(effect.assignment, row.score)),
        refused=refused,
    )


def _said(rule: Rule, scores: dict[int, Decimal]) -> str:
    return rule.total_text(Score(pk, score) for pk, score in scores.items()) or "–"


def _digest(effect: Effect, known: Iterable[Assignment]) -> str:
    """Return a hash of what the change is, and of the scores that it is about.

    Not of all scores of the course: while others are graded, this one can be done.
    """
    to_be = effect.assignment
    parts = [
        f"{each.pk} {number(each.points)} {number(each.weight)} {each.handout}"
        for each in sorted((*known, to_be), key=lambda each: (each.pk or 0, each is to_be))
    ]
    parts.append(" ".join(str(getattr(to_be, name)) for name in RULE))
    parts += [f"{row.pk} {number(row.score)} {number(row.penalty)}" for row in effect.scored]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
