"""A student's total over all assignments: how it comes about."""

from collections.abc import Iterable
from decimal import Decimal

from django.db.models import FloatField, Q, QuerySet, Sum
from django.db.models.functions import Cast

from classroom.grading.work_state import Work
from classroom.models import Assignment, Membership, Submission
from classroom.rules.scoring import number


class Rule:
    """How the total comes about: of weights if any assignment has one, else the sum of scores."""

    def __init__(self, assignments: Iterable[Assignment]) -> None:
        self._by_id = {each.pk: each for each in assignments}
        self.weighted = any(each.weight is not None for each in self._by_id.values())
        if self.weighted:
            self._by_id = {
                pk: each for pk, each in self._by_id.items() if each.weight and each.points
            }

    @property
    def text(self) -> str:
        """The rule, for the head of the page."""
        if self.weighted:
            return (
                "Total: the weighted mean in percent, of the assignments that have a weight, "
                "points and a score. What has no score yet is left out."
            )
        points = sum((each.points or Decimal() for each in self._by_id.values()), Decimal())
        return f"Total: the sum of the scores, of {number(points) or 0} points in all."

    def total(self, work: "Iterable[Submission | Work]") -> Decimal | None:
        """Return a student's total; None where nothing counts yet."""
        scored = [
            (self._by_id[each.assignment_id], each.score)
            for each in work
            if each.score is not None and each.assignment_id in self._by_id
        ]
        if not scored:
            return None
        if not self.weighted:
            return sum((score for _, score in scored), Decimal())
        weights = sum((each.weight or Decimal() for each, _ in scored), Decimal())
        shares = (
            (each.weight or Decimal()) * score / (each.points or Decimal(1))
            for each, score in scored
        )
        return 100 * sum(shares, Decimal()) / weights

    def total_text(self, work: "Iterable[Submission | Work]") -> str:
        """Return a student's total as it is shown."""
        total = self.total(work)
        if total is None:
            return ""
        return f"{total:.1f} %" if self.weighted else number(total)

    def annotate(self, students: "QuerySet[Membership]") -> "QuerySet[Membership]":
        """Give each student the same total, for sorting."""
        counts = Q(submissions__assignment__in=list(self._by_id), submissions__score__isnull=False)
        score = Cast("submissions__score", FloatField())
        if not self.weighted:
            return students.annotate(total=Sum(score, filter=counts))
        weight = Cast("submissions__assignment__weight", FloatField())
        points = Cast("submissions__assignment__points", FloatField())
        return students.annotate(
            total=Sum(score * weight / points, filter=counts) / Sum(weight, filter=counts)
        )
