"""What is different for the site in these tests: where it finds CoCalc, and its patience."""

import copy
import os
import socket
from typing import Any

import embedding.client
import embedding.services.sessions
from embedding.cocalc.conat import ConatClient
from embedding.cocalc.errors import NotStarted, OutcomeUnknown
from embedding.cocalc.v1 import V1Client
from embedding.cocalc.wire import Limits
from embedding.services import running
from tests.browser.school import HASTY
from tests.network import Guard


def find_cocalc_where_browsers_do() -> None:
    find = socket.getaddrinfo
    name, _, there = os.environ["TESTS_COCALC"].partition("=")
    address, _, port = there.partition(":")

    def getaddrinfo(host: Any, asked: Any, *args: Any, **more: Any) -> Any:
        if host == name:
            host, asked = address, int(port)
        return find(host, asked, *args, **more)

    vars(socket).update(getaddrinfo=getaddrinfo)


class TooLong(NotStarted):
    """Nor is it waited for in a next request."""


def hasty(kind: type[Any]) -> type[Any]:
    """A client that gives projects minutes to start, but for one file a second or two."""

    class HastyClient(kind):  # type: ignore[misc]
        def file_exists(self, project_id: str, path: str) -> bool:
            patient = super().file_exists
            if path != HASTY:
                return bool(patient(project_id, path))
            impatient = copy.copy(self)
            impatient._limits = Limits(start=2, margin=-8)
            try:
                return bool(super(HastyClient, impatient).file_exists(project_id, path))
            except (OutcomeUnknown, NotStarted) as error:
                raise TooLong("file_exists", error.words) from None

    return HastyClient


def may_be_starting(project_id: str, error: OutcomeUnknown | NotStarted) -> bool:
    return not isinstance(error, TooLong) and running.may_be_starting(project_id, error)


Guard(int(os.environ["TESTS_PROCESS"])).install()
find_cocalc_where_browsers_do()
vars(embedding.client).update(V1Client=hasty(V1Client), ConatClient=hasty(ConatClient))
# A project that stops in a test is not believed to run for long.
vars(running).update(_KEPT=0.2)
vars(embedding.services.sessions).update(may_be_starting=may_be_starting)
