"""A student's total over all assignments, late penalties taken off: how it comes about."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Protocol

from django.db.models import FloatField, Q, QuerySet, Sum
from django.db.models.functions import Cast, Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from classroom.models import Assignment, Membership
from classroom.rules.anonymity import known
from classroom.rules.penalties import final_score
from classroom.rules.scoring import number, number_text


class Scored(Protocol):
    """A student's work on an assignment, as far as a total needs it."""

    @property
    def assignment_id(self) -> int: ...
    @property
    def final(self) -> Decimal | None: ...


class Rule:
    """How the total comes about: the sum of the scores, or of weights if any assignment has one.

    With weights it is the weighted mean in percent of what has a score. An assignment without a
    weight of its own counts with its points, as it does in a sum; so a first weight changes what
    that one assignment counts, and leaves none out. What has no points cannot be put in percent.
    Whoever has scores for such assignments alone, or for those of weight 0, sees their sum.
    """

    def __init__(self, assignments: Iterable[Assignment]) -> None:
        self._all = list(assignments)
        self.weighted = any(each.weight is not None for each in self._all)
        # What counts by weight: its points, and its weight.
        self._counts: dict[int, tuple[Decimal, Decimal]] = {}
        for each in self._all:
            weight = each.points if each.weight is None else each.weight
            if self.weighted and each.points and weight:
                self._counts[each.pk] = (each.points, weight)
        self._known = {each.pk for each in self._all}

    @property
    def text(self) -> str:
        """The rule, for the head of the page."""
        if not self.weighted:
            points = sum((each.points or Decimal() for each in self._all), Decimal())
            return ngettext(
                "Total: the sum of all scores, out of %(points)s point.",
                "Total: the sum of all scores, out of %(points)s points.",
                1 if points == 1 else 2,
            ) % {"points": number_text(points)}
        said = [_("Total: the weighted average of all scores, in percent.")]
        if any(each.weight is None and each.points for each in self._all):
            said.append(_("If an assignment has no weight, its points are its weight."))
        without = [each.title for each in self._all if not each.points and each.weight != 0]
        if without:
            said.append(_without_points(without))
        if len(self._counts) < len(self._all):
            said.append(
                _(
                    "If no assignment of a student counts, the total is the sum of that "
                    "student’s points."
                )
            )
        return " ".join(said)

    def total(self, work: Iterable[Scored]) -> Decimal | None:
        """Return a student's total; None where there is no score yet."""
        return self._total(list(work))[0]

    def total_text(self, work: Iterable[Scored]) -> str:
        """Return a student's total as it is shown."""
        total, percent = self._total(list(work))
        if total is None or not self.weighted:
            return number_text(total)
        if percent:
            return _("%(number)s %%") % {"number": number_text(total)}
        text = ngettext("%(points)s point", "%(points)s points", 1 if total == 1 else 2)
        return text % {"points": number_text(total)}

    def total_number(self, work: Iterable[Scored]) -> str:
        """Return a student's total as a file has it: in percent where there are weights.

        Where it is the sum of what does not count, its unit is said in English.
        """
        total, percent = self._total(list(work))
        is_sum = self.weighted and total is not None and not percent
        return f"{number(total)} points" if is_sum else number(total)

    def _total(self, work: Sequence[Scored]) -> tuple[Decimal | None, bool]:
        """Return the total, and whether it is in percent."""
        scored = [
            (each.assignment_id, final)
            for each in work
            if (final := each.final) is not None and each.assignment_id in self._known
        ]
        if not scored:
            return None, False
        counted = [(*self._counts[pk], score) for pk, score in scored if pk in self._counts]
        if not counted:
            return sum((score for _, score in scored), Decimal()), False
        shares = sum((weight * score / points for points, weight, score in counted), Decimal())
        return 100 * shares / sum((weight for _, weight, _ in counted), Decimal()), True

    def annotate(self, students: "QuerySet[Membership]") -> "QuerySet[Membership]":
        """Give each student the same total, for sorting; of what is shown by name."""
        score = Cast(final_score("submissions__"), FloatField())
        scored = known("submissions__") & Q(submissions__score__isnull=False)
        added = Sum(score, filter=scored & Q(submissions__assignment__in=list(self._known)))
        if not self.weighted:
            return students.annotate(total=added)
        counts = scored & Q(submissions__assignment__in=list(self._counts))
        points = Cast("submissions__assignment__points", FloatField())
        weight = Coalesce(Cast("submissions__assignment__weight", FloatField()), points)
        mean = 100 * Sum(score * weight / points, filter=counts) / Sum(weight, filter=counts)
        return students.annotate(total=Coalesce(mean, added))


def _without_points(titles: Sequence[str]) -> str:
    if len(titles) == 1:
        return _("“%(title)s” has no points, so it is left out.") % {"title": titles[0]}
    shown = pgettext("list", ", ").join(_("“%(title)s”") % {"title": title} for title in titles[:3])
    if len(titles) <= 3:
        return _("These assignments have no points, so they are left out: %(titles)s.") % {
            "titles": shown
        }
    return ngettext(
        "These assignments have no points, so they are left out: %(titles)s and %(count)s more.",
        "These assignments have no points, so they are left out: %(titles)s and %(count)s more.",
        len(titles) - 3,
    ) % {"titles": shown, "count": len(titles) - 3}
