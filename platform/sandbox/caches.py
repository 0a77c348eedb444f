"""What a hub of CoCalc remembers for a while (read in the source of a server of July 2026).

So a change is not seen at once by who has looked before. The older generation is not asked here.
"""

from collections.abc import Callable
from typing import Any

from sandbox.clock import Clock
from sandbox.keyring import Key
from sandbox.store import Store

_KEY = 15
_BANNED, _NOT_BANNED = 600, 60
_COLLABORATOR = 30
_ADMIN = 30
_ADDED = 5


class Caches:
    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._kept: dict[tuple[str, ...], tuple[float, Any]] = {}

    def key(self, secret: str) -> Key | None:
        """A key that has not ended. Its end is looked at each time, and one past it is deleted."""
        found: Key | None = self.ask(
            ("key", secret),
            lambda: self._store.keyring.find(secret),
            lambda key: _KEY if key else 0,
        )
        if found and found.expire is not None and found.expire <= self._clock.now():
            self._store.keyring.delete(found.id)
            return None
        return found

    def is_banned(self, account_id: str) -> bool:
        def look() -> bool:
            account = self._store.account(account_id)
            return account is not None and account.banned

        return bool(
            self.ask(("ban", account_id), look, lambda ban: _BANNED if ban else _NOT_BANNED)
        )

    def is_admin(self, account_id: str) -> bool:
        def look() -> bool:
            account = self._store.account(account_id)
            return account is not None and account.is_admin

        return bool(self.ask(("admin", account_id), look, lambda _: _ADMIN))

    def is_collaborator(self, account_id: str, project_id: str) -> bool:
        """Yes and no are kept, but not that there is no such project."""
        return self._member("collaborator", account_id, project_id, _COLLABORATOR)

    def was_added(self, account_id: str, project_id: str) -> bool:
        """The look of those who add a member, which has a memory of its own."""
        return self._member("added", account_id, project_id, _ADDED)

    def _member(self, which: str, account_id: str, project_id: str, seconds: int) -> bool:
        def look() -> bool | None:
            project = self._store.project(project_id)
            return None if project is None else project.has_member(account_id)

        place = (which, account_id.lower(), project_id.lower())
        return bool(self.ask(place, look, lambda found: 0 if found is None else seconds))

    def ask(
        self, place: tuple[str, ...], look: Callable[[], Any], seconds: Callable[[Any], int]
    ) -> Any:
        """What `look` finds, kept for as long as `seconds` says of it; 0: not at all."""
        until, value = self._kept.get(place, (0.0, None))
        if until > self._clock.now():
            return value
        value = look()
        if keep := seconds(value):
            self._kept[place] = (self._clock.now() + keep, value)
        return value

    def note(self, place: tuple[str, ...], seconds: int) -> None:
        """Remember something for a while, and forget it."""
        self._kept[place] = (self._clock.now() + seconds, True)

    def is_noted(self, place: tuple[str, ...]) -> bool:
        return self._kept.get(place, (0.0, None))[0] > self._clock.now()
