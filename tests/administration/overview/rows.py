"""Embed sessions and transfers that were, for what counts them."""

from datetime import datetime, timedelta

from classroom.models import Course, Kind, Transfer
from embedding.models import EmbedSession
from tests.classroom import factories

SECOND = timedelta(seconds=1)


def sessions(
    at: datetime, count: int = 1, state: str = "closed", reason: str = "", ready: int | None = None
) -> list[EmbedSession]:
    """Sessions that began one second after the other from then on."""
    steps = {} if ready is None else {"token": 20, "ready": ready}
    made = EmbedSession.objects.bulk_create(
        EmbedSession(username="emmy", path="a.ipynb", state=state, reason=reason, steps=steps)
        for _ in range(count)
    )
    for number, row in enumerate(made):  # `started` is set to now when they are added
        row.started = at + number * SECOND
    EmbedSession.objects.bulk_update(made, ["started"])
    return made


def transfers(
    course: Course,
    ended: datetime | None,
    count: int = 1,
    kind: str = Kind.COLLECT,
    state: str = "done",
    code: str = "",
) -> list[Transfer]:
    """Transfers that ended then."""
    return Transfer.objects.bulk_create(
        Transfer(
            course=course,
            kind=kind,
            lane="course:1",
            key=f"{kind}:{state}:{ended}:{number}",
            state=state,
            error_code=code,
            ended=ended,
        )
        for number in range(count)
    )


def course() -> Course:
    return factories.make_course(factories.make_user("ada", teacher=True))
