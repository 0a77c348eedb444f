"""The matrix of grades at 1,000 × 30 over 10 × 30: queries, and the server's time."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

ROUNDS = 15


def matrix() -> None:
    """Print both ratios. Django is set up, and its database is there."""
    from django.test.utils import override_settings

    with override_settings(ALLOWED_HOSTS=["learn.school.test"]):
        _measure()


def _measure() -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tests.classroom import factories
    from tests.classroom.gradebook import fill
    from tests.conftest import HttpsClient

    teacher = factories.make_user("matrix-teacher", teacher=True)
    browser = HttpsClient(teacher)
    courses = [factories.make_course(teacher, title) for title in ("Small", "Large")]
    fill(courses[0], 10, 30)
    fill(courses[1], 1000, 30)
    for query in ("", "?sort=-total"):
        took: list[list[float]] = [[], []]
        queries = [0, 0]
        for _ in range(ROUNDS):
            for which, course in enumerate(courses):
                with CaptureQueriesContext(connection) as captured, _timed(took[which]):
                    answer = browser.get(f"/courses/{course.pk}/grades{query}")
                    assert answer.status_code == 200
                queries[which] = len(captured)
        small, large = (statistics.median(times) for times in took)
        name = f"matrix{' by total' if query else ''}, 1,000 × 30 over 10 × 30"
        print(f"{name + ': queries':52} {queries[1] / queries[0]:6.2f}   ({queries[1]} each)")
        print(f"{name + ': time':52} {large / small:6.2f}   ({large:.0f} ms over {small:.0f} ms)")


@contextmanager
def _timed(took: list[float]) -> Iterator[None]:
    began = time.perf_counter()
    yield
    took.append((time.perf_counter() - began) * 1000)
