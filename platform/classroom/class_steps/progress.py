"""How far a class step is, read from its rows alone: counts, time left, and what went wrong."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from classroom.models import Assignment, Batch, Course, Kind, Transfer
from classroom.pages.sections import seen
from classroom.pages.text import lasted, short_moment
from embedding.services.state import current

State = Transfer.State
NOT_BEGUN = timedelta(seconds=20)  # so long nobody has taken a row: is there a worker?
SHOWN = 8  # names beside a cause


@dataclass(frozen=True, slots=True)
class Cause:
    """Transfers that share one sentence."""

    state: str
    error: str
    count: int
    names: list[str]

    @property
    def more(self) -> int:
        """How many names are left out."""
        return self.count - len(self.names)


@dataclass(slots=True)
class Progress:
    """One batch, at one moment."""

    batch: Batch
    counts: Counter[str]
    began: datetime | None
    ended: datetime | None
    now: datetime
    causes: list[Cause] = field(default_factory=list)
    down: str = ""  # since when it waits for CoCalc, in words; empty where it does not

    @property
    def total(self) -> int:
        """All its transfers."""
        return self.counts.total()

    @property
    def done(self) -> int:
        """Those that are done."""
        return self.counts[State.DONE]

    @property
    def failed(self) -> int:
        """Those that failed."""
        return self.counts[State.FAILED]

    @property
    def skipped(self) -> int:
        """Those for whom there was nothing to do."""
        return self.counts[State.CANCELLED]

    @property
    def running(self) -> int:
        """Those under way."""
        return self.counts[State.RUNNING]

    @property
    def left(self) -> int:
        """Those that have not ended."""
        return self.counts[State.QUEUED] + self.counts[State.RUNNING]

    @property
    def over(self) -> int:
        """Those that have."""
        return self.total - self.left

    @property
    def active(self) -> bool:
        """Whether anything is left to do."""
        return self.left > 0

    @property
    def tenth(self) -> int:
        """How much is over, in steps that are worth being spoken."""
        return 10 * self.over // self.total if self.total else 10

    @property
    def time_left(self) -> str:
        """How long the rest may take, in words; empty where that cannot be told."""
        if not self.active or self.began is None or self.over < 3:
            return ""
        seconds = (self.now - self.began).total_seconds() / self.over * self.left
        if seconds < 10:
            return _("a few seconds left")
        if seconds < 90:
            return _("about %(count)s seconds left") % {"count": round(seconds / 10) * 10}
        minutes = round(seconds / 60)
        words = ngettext("about %(count)s minute left", "about %(count)s minutes left", minutes)
        return words % {"count": minutes}

    @property
    def unattended(self) -> bool:
        """Whether nobody seems to be working it off."""
        untouched = self.counts[State.QUEUED] == self.total > 0 and self.began is None
        return untouched and not self.down and self.now - self.batch.created > NOT_BEGUN

    @property
    def took(self) -> str:
        """How long it took, in words; empty while it lasts.

        From the press of the button, or the date that came, to the end of the last transfer: with
        all waiting, for others and between attempts. (`began` is the last attempts' alone.)
        """
        if self.active or self.ended is None:
            return ""
        return lasted(self.ended - self.batch.created)


def progress_of(batches: Iterable[Batch], *, now: datetime | None = None) -> list[Progress]:
    """Return how far these are, in a fixed number of queries."""
    now = now or timezone.now()
    listed = list(batches)
    found = {batch.pk: Progress(batch, Counter(), None, None, now) for batch in listed}
    rows = Transfer.objects.filter(_seen(listed), batch__in=found)
    for pk, state, count, began, ended in (
        rows.order_by()
        .values_list("batch", "state")
        .annotate(Count("pk"), Min("started"), Max("ended"))
    ):
        one = found[pk]
        one.counts[state] = count
        one.began = min(filter(None, (one.began, began)), default=None)
        one.ended = max(filter(None, (one.ended, ended)), default=None)
    _causes(found)
    _waiting(found.values(), now)
    return [found[batch.pk] for batch in listed]


def _waiting(listed: Iterable[Progress], now: datetime) -> None:
    active = [one for one in listed if one.active]
    known = current(now) if active else None
    for one in active:
        if known and known.is_down and known.since:
            one.down = short_moment(known.since, one.batch.course.zone, beside=now)


def _seen(batches: list[Batch]) -> Q:
    """Return the condition of the transfers that the reader of these batches' course sees."""
    return seen(batches[0].course, "member__") if batches else Q()


def is_nameless(batch: Batch) -> bool:
    """Whether a step is of the autograder, and about work whose names may be hidden."""
    autograder = batch.kind == Kind.RUN and bool(batch.options.get("autograde"))
    return bool(autograder and batch.assignment and batch.assignment.anonymous)


def _causes(found: dict[int | None, Progress] | dict[int, Progress]) -> None:
    found = {pk: one for pk, one in found.items() if not is_nameless(one.batch)}
    told = (
        Transfer.objects.filter(_seen([one.batch for one in found.values()]), batch__in=list(found))
        .exclude(state=State.DONE)
        .exclude(error="")
        .order_by("member__user__last_name", "member__user__first_name", "pk")
        .select_related("member__user")
    )
    groups: dict[tuple[int, str, str], list[str]] = {}
    for row in told:
        name = row.member.name if row.member else _("the course’s own project")
        groups.setdefault((row.batch_id or 0, row.state, row.error), []).append(name)
    for (pk, state, error), names in groups.items():
        found[pk].causes.append(Cause(state, error, len(names), names[:SHOWN]))
    for one in found.values():
        one.causes.sort(key=lambda cause: (cause.state != State.FAILED, -cause.count))


def shown_on(assignment: Assignment) -> list[Batch]:
    """Return the batches to show with an assignment: those under way, and what ended last.

    What ended last is shown while something of it failed, or for ten minutes.
    """
    batches = Batch.objects.filter(assignment=assignment).select_related("actor", "assignment")
    active = list(batches.filter(transfers__state__in=Transfer.ACTIVE).distinct()[:5])
    for batch in active:
        batch.course = assignment.course
    if active:
        return active
    found = batches.annotate(
        failed=Count("pk", filter=Q(transfers__state=State.FAILED)),
        last_end=Max("transfers__ended"),
    )
    last = found.order_by("-pk").first()  # the model's own order does not hold for groups
    if last is None or last.last_end is None:
        return []
    last.course = assignment.course
    recent = timezone.now() - last.last_end < timedelta(minutes=10)
    return [last] if recent or last.failed else []


def history(course: Course) -> "list[Batch]":
    """Return the course's last class steps, those that did something."""
    found = list(
        Batch.objects.filter(
            seen(course, "transfers__member__"), course=course, transfers__isnull=False
        )
        .select_related("actor", "assignment")
        .distinct()[:100]
    )
    for batch in found:
        batch.course = course
    return found
