"""How a generation's pages know people: who is signed in, and which projects open to them."""

from typing import Protocol

from aiohttp import web

from sandbox.config import Generation
from sandbox.store import Account, Project


class Face(Protocol):
    """What the doors of an address ask, whichever CoCalc it plays."""

    @property
    def generation(self) -> Generation: ...

    def routes(self) -> list[web.RouteDef]:
        """How one signs in."""

    def signed_in(self, request: web.Request) -> Account | None:
        """Whose session the request's cookies carry."""

    def may_open(self, account: Account, project: Project) -> bool:
        """Whether the pages show this project to this account."""
