"""The notebook that a user left last, to go on with."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef
from django.db.models.functions import Coalesce
from django.urls import reverse

from classroom.models import Course
from classroom.pages.text import ago
from embedding.models import EmbedSession, Member, Trashed
from embedding.names import shown
from embedding.services.mapping import personal_slot
from embedding.views.access import MINE

LATELY = timedelta(days=30)

_NEVER_SHOWN = (EmbedSession.State.PREPARING, EmbedSession.State.FAILED)


@dataclass(frozen=True, slots=True)
class LastOpened:
    """A notebook, where it belongs (None: to the user's own), and where it is opened."""

    name: str
    course: Course | None
    url: str
    ago: str


def last_opened(user: User, now: datetime) -> LastOpened | None:
    """Return what the user had open last in a project of their own; None where there is nothing.

    Only what they still may open, and what was not deleted since; one query.
    """
    mine = Member.objects.filter(project=OuterRef("project"), user=user, role=Member.Role.OWNER)
    deleted = Trashed.objects.filter(
        project=OuterRef("project"), path=OuterRef("path"), deleted__gte=OuterRef("started")
    )
    row = (
        EmbedSession.objects.filter(Exists(mine), ~Exists(deleted), user=user)
        # A teacher's copies of others' work lie in the course's project.
        .filter(project__project_id__isnull=False, project__course=None)
        .filter(started__gte=now - LATELY)
        .exclude(state__in=_NEVER_SHOWN)
        .annotate(left=Coalesce("seen", "started"))
        .select_related("project__student_membership__course")
        .order_by("-left")
        .first()
    )
    if row is None or row.project is None:
        return None
    membership = getattr(row.project, "student_membership", None)
    own = row.project.slot == personal_slot(user.pk)
    return LastOpened(
        name=shown(row.path.rpartition("/")[2]),
        course=membership.course if membership else None,
        url=reverse(
            "embedding:notebook", args=[MINE if own else str(row.project.project_id), row.path]
        ),
        ago=ago((now - vars(row)["left"]).total_seconds()),
    )
