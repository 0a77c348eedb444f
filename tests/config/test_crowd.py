"""A project whose shell is stopped, a real web server with few threads, and everybody else."""

import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from django.contrib.auth.models import User

from embedding.models import Member
from sandbox.process import SandboxProcess
from tests.config.serving import Served
from tests.conftest import HttpsClient, Person
from tests.embedding.conftest import sandbox, sandbox_process  # noqa: F401
from tests.embedding.helpers import prepared

THREADS = 8  # so 5 may ask CoCalc, 2 of one user, 2 in one project
PATIENCE = 15  # seconds; less than the 20 that a call may take
Asked = Future[requests.Response]

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def served(folder: Path, *, workers: int = 1, **variables: str) -> Iterator[str]:
    """The site as it is run in earnest, on the test's database; yields its address."""
    server = Served(folder / "log", threads=THREADS, workers=workers, **variables)
    try:
        yield server.url
    finally:
        server.kill()


def crowded(answer: requests.Response) -> str:
    """The sentence of a refusal."""
    assert answer.status_code == 503, answer.text
    error = answer.json()["error"]
    assert (error["code"], error["recoverable"]) == ("crowded", True)
    assert answer.headers["Retry-After"] == str(error["retryAfter"]) == "3"
    sentence: str = error["message"]
    return sentence


def test_a_stopped_shell_holds_only_its_own(
    sandbox: SandboxProcess,  # noqa: F811
    person: Person,
    tmp_path: Path,
) -> None:
    people = [person(name) for name in ("ada", "bob", "cleo", "dan")]
    members = [prepared(user) for user in people]
    shared = members[0].project
    Member.objects.create(project=shared, user=people[1])
    cookies = {
        user.pk: f"__Host-session={HttpsClient(user).cookies['__Host-session'].value}"
        for user in people
    }
    sandbox.quirks(hang_events=["project_exec"])
    sandbox.reset_calls()

    # The server goes first, and with it what it still holds.
    with ThreadPoolExecutor(40) as pool, served(tmp_path) as url:

        def get(user: User, path: str) -> requests.Response:
            return requests.get(
                url + path,
                headers={"Cookie": cookies[user.pk]},
                timeout=60,
                allow_redirects=False,
            )

        def attack(user: User, times: int, project: object = "mine") -> list[Asked]:
            path = f"/projects/{project}/listing"
            return [pool.submit(get, user, path) for _ in range(times)]

        def answered(asked: list[Asked], held: int) -> Counter[str]:
            """All but so many are refused, while the others are still held."""
            deadline = time.monotonic() + PATIENCE
            waiting = set(asked)
            while len(waiting) > held and time.monotonic() < deadline:
                waiting = wait(waiting, PATIENCE, FIRST_COMPLETED)[1]
            done = [one for one in asked if one.done()]
            assert len(done) == len(asked) - held
            return Counter(crowded(one.result()) for one in done)

        requests.get(f"{url}/health", timeout=60).raise_for_status()
        # Three times as many as there are threads.
        first = attack(people[0], 3 * THREADS)
        assert answered(first, held=2) == {
            "You have several requests to CoCalc under way. Wait a few seconds, then try again.": 3
            * THREADS
            - 2
        }
        # Another member of the same project; then other people, until nobody else may ask.
        second = attack(people[1], 1, shared.project_id)
        assert list(answered(second, held=0)) == [
            "This project is busy with other requests. Wait a few seconds, then try again."
        ]
        others = [*attack(people[2], 2), *attack(people[3], 2)]
        assert list(answered(others, held=3)) == [
            "CoCalc is busy with many requests just now. Wait a few seconds, then try again."
        ]
        # What does not ask CoCalc is served meanwhile.
        assert get(people[0], "/health").text == "ok\n"
        page = get(people[1], "/projects/mine/")
        assert page.status_code == 200, page.text
        assert sum(not one.done() for one in (*first, *second, *others)) == 5
        assert sandbox.calls()["counts"] == {"project_exec": 5}
