"""Which process runs which tests, where several share them: `pytest -n auto`.

Tests wait more than they work, so there are two processes more than there are processors.
The tests of a file stay together. Those in browsers keep what is dear (a browser, a stand-in for
CoCalc, a site) for all files of their room, so most processes go through these rooms first, file
by file, and one goes through all the rest, which waits more. Long files come first, lest one of
them be left to the end. Whoever has nothing left takes what there is.
"""

import os

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling
from xdist.workermanage import WorkerController

ROOMS = ("browser", "sandbox", "bridge")  # of browsers
LONG = (
    "tests/browser/test_class.py",
    "tests/browser/test_submit.py",
    "tests/browser/test_night.py",
    "tests/browser/test_door.py",
    "tests/sandbox/test_channel.py",
    "tests/classroom/engine/test_crash.py",
    "tests/classroom/nbgrader/test_runner.py",
)


def pytest_xdist_auto_num_workers() -> int:
    return (os.cpu_count() or 1) + 2


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> "Rooms":
    return Rooms(config, log)


class Rooms(LoadScopeScheduling):
    """Gives each process files of the rooms that it is to begin with."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        # Its worlds of plain objects live in one page, one after the other.
        return "tests/bridge" if file.startswith("tests/bridge/") else file

    def _assign_work_unit(self, node: WorkerController) -> None:
        wishes = _wishes(int(node.gateway.id.removeprefix("gw")), len(self.nodes))

        def rank(file: str) -> tuple[int, bool]:
            room = file.split("/")[1]
            return wishes.index(room if room in ROOMS else ""), file not in LONG

        # The first of equals: the queue's own order is by the number of tests.
        self.workqueue.move_to_end(min(self.workqueue, key=rank), last=False)
        super()._assign_work_unit(node)


def _wishes(number: int, processes: int) -> tuple[str, ...]:
    """The rooms in the order in which a process takes them; "" is all rooms without a browser."""
    if number >= max(1, 2 * processes // 3):
        return "", *reversed(ROOMS)
    return (*ROOMS, "") if number % 2 == 0 else (*reversed(ROOMS), "")
