"""What a teacher looks at: how far each assignment is, and how its scores are spread."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Case, Count, F, Q, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from classroom.grading.question_statistics import Outcome, outcomes_of
from classroom.models import Assignment, Course, Submission
from classroom.pages.sections import seen
from classroom.rules.anonymity import known
from classroom.rules.penalties import final_score
from classroom.rules.scoring import number_text

BINS = 10

# The drawing, in its own units.
WIDTH, HEIGHT, SIDE, BOTTOM, TOP = 420, 150, 20, 22, 18


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram, as it is drawn and as it is told."""

    x: float
    y: float
    width: float
    height: float
    count: int
    label: str  # "5–6"

    @property
    def middle(self) -> float:
        """Where its count stands, across."""
        return round(self.x + self.width / 2, 1)

    @property
    def above(self) -> float:
        """Where its count stands, down."""
        return round(self.y - 4, 1)


@dataclass(frozen=True, slots=True)
class Histogram:
    """The scores of an assignment."""

    bars: list[Bar]
    ticks: list[tuple[float, str]]  # where, and what stands there
    mean: str
    median: str
    lowest: str
    highest: str
    count: int

    @property
    def text(self) -> str:
        """The drawing in words."""
        between = pgettext("list", ", ")
        spread = between.join(f"{bar.label}: {bar.count}" for bar in self.bars if bar.count)
        return _("Scores by number of students: %(spread)s.") % {"spread": spread}


@dataclass(frozen=True, slots=True)
class Steps:
    """How many students are how far with an assignment or handout."""

    assignment: Assignment
    counts: list[tuple[str, int | None]]  # a word, and None where it does not apply
    histogram: Histogram | None
    questions: list[Outcome]


WORDS = {
    "handed_out": gettext_lazy("Handed out"),
    "opened": gettext_lazy("Opened"),
    "submitted": gettext_lazy("Submitted"),
    "collected": gettext_lazy("Collected"),
    "graded": gettext_lazy("Graded"),
    "returned": gettext_lazy("Returned"),
}
OF_HANDOUTS = ("handed_out", "opened")


def statistics_of(course: Course, section: str = "") -> tuple[int, list[Steps]]:
    """Return how many students there are, and how far each assignment is; removed ones left out.

    Four queries, whatever the course's size; one more where it is of one section. Of one, which may
    be a single student, no grading counts while names are hidden. Of hidden work the score counts
    before the late penalty: who is late is told by name, and the difference would say whose it is.
    """
    named = known() if section else Q()
    mine = seen(course, section=section)
    here = Q(submissions__student__removed=None) & seen(
        course, "submissions__student__", section=section
    )
    assignments = list(
        Assignment.objects.filter(course=course, removed=None).annotate(
            **{
                f"n_{field}": Count(
                    "submissions",
                    filter=here
                    & Q(**{f"submissions__{field}__isnull": False})
                    & (known("submissions__") if section and field == "graded" else Q()),
                )
                for field in WORDS
            }
        )
    )
    scores: dict[int, list[Decimal]] = {}
    rows = Submission.objects.filter(
        seen(course, "student__", section=section),
        named,
        assignment__in=[each.pk for each in assignments],
        student__removed=None,
        score__isnull=False,
    )
    counts = Case(When(known(), then=final_score()), default=F("score"))
    for assignment, score in rows.values_list("assignment_id", counts):
        scores.setdefault(assignment, []).append(score or Decimal())
    students = course.memberships.filter(mine, role="student", removed=None).count()
    outcomes = outcomes_of(assignments, seen(course, "student__", section=section) & named)
    return students, [
        _steps(each, scores.get(each.pk, []), outcomes.get(each.pk, [])) for each in assignments
    ]


def _steps(assignment: Assignment, scores: Sequence[Decimal], questions: list[Outcome]) -> Steps:
    only = OF_HANDOUTS if assignment.handout else tuple(WORDS)
    counts = [
        (str(word), getattr(assignment, f"n_{field}") if field in only else None)
        for field, word in WORDS.items()
    ]
    drawn = histogram(scores, assignment.points) if scores else None
    return Steps(assignment, counts, drawn, questions)


def histogram(scores: Sequence[Decimal], points: Decimal | None) -> Histogram:
    """Spread scores over ten bars from 0 to the points, or to the highest score if that is more.

    A score on the border of two bars counts to the higher one, the highest of all to the last.
    """
    top = max(*scores, points or Decimal(), Decimal(1)) if scores else points or Decimal(1)
    counts = [0] * BINS
    for score in scores:
        counts[min(int(score * BINS / top), BINS - 1)] += 1
    most = max(*counts, 1)
    width = (WIDTH - 2 * SIDE) / BINS
    room = HEIGHT - BOTTOM - TOP
    edges = [top * step / BINS for step in range(BINS + 1)]
    bars = [
        Bar(
            x=round(SIDE + step * width + 2, 1),
            y=round(TOP + room * (1 - count / most), 1),
            width=round(width - 4, 1),
            height=round(room * count / most, 1),
            count=count,
            label=f"{number_text(edges[step])}–{number_text(edges[step + 1])}",
        )
        for step, count in enumerate(counts)
    ]
    ticks = [
        (round(SIDE + step * width, 1), number_text(edges[step])) for step in range(0, BINS + 1, 2)
    ]
    return Histogram(
        bars=bars,
        ticks=ticks,
        mean=number_text(statistics.mean(scores)) if scores else "",
        median=number_text(statistics.median(scores)) if scores else "",
        lowest=number_text(min(scores)) if scores else "",
        highest=number_text(max(scores)) if scores else "",
        count=len(scores),
    )
