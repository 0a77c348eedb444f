"""What the operations share: the bridges, the queries, and doing without what came later."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from embedding.cocalc import projects
from embedding.cocalc.caller import Retry
from embedding.cocalc.conat.answers import Shape, UnknownFunction, is_changed
from embedding.cocalc.conat.transport import Bridges
from embedding.cocalc.errors import BadRequest, Forbidden, NotFound
from embedding.cocalc.reading import checked_uuid, rows_in
from embedding.cocalc.wire import Scheme

T = TypeVar("T")


class Calls(projects.Rows):
    """A client of this generation without operations."""

    scheme: ClassVar[Scheme] = "Bearer"

    def __init__(
        self, base_url: str, api_key: str, *, organization: str = "", **options: Any
    ) -> None:
        super().__init__(base_url, api_key, **options)
        self._organization = organization
        self._bridges = Bridges(self._wire, self._limits, self._on_call, self._before_call)
        self._offered: dict[str, bool] = {}  # by this server, as far as it has told

    def _hub(
        self,
        operation: str,
        function: str,
        fields: Mapping[str, Any],
        *,
        shape: Shape,
        retry: Retry = Retry.NEVER,
        limit: float | None = None,
        secret: str = "",
    ) -> Any:
        """Call a function of the hub that takes one object."""
        given = fields.get("opts", fields)
        about = {name: given[name] for name in ("project_id", "src_project_id") if name in given}
        return self._bridges.hub(
            operation,
            function,
            [fields],
            shape=shape,
            limit=limit or self._limits.call,
            retry=retry,
            about=about,
            secret=secret,
        )

    def _newer(self, function: str, new: Callable[[], T], old: Callable[[], T]) -> T:
        """Use a function that came later, or do without where this server has none.

        That it has none is remembered: the older way also works once the server is a newer one.
        """
        if self._offered.get(function, True):
            try:
                return new()
            except UnknownFunction:
                self._offered[function] = False
        return old()

    def _has(self, operation: str, function: str) -> bool:
        """Say whether this server has a function: asked once, by a call that it can only refuse."""
        if function not in self._offered:
            try:
                self._hub(operation, function, {}, shape=lambda _: False, retry=Retry.ALWAYS)
            except UnknownFunction:
                self._offered[function] = False
            except (BadRequest, Forbidden, NotFound):
                self._offered[function] = True
        return self._offered[function]

    def _query(
        self,
        operation: str,
        query: Mapping[str, Any],
        *,
        shape: Shape,
        retry: Retry,
        limit: float | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> Any:
        """Send a query. Any `null` inside makes it the wish to read; without, it is a change."""
        return self._bridges.hub(
            operation,
            "db.userQuery",
            [{"query": query}],
            shape=shape,
            limit=limit or self._limits.call,
            retry=retry,
            about=about,
        )

    def _rows(
        self, operation: str, columns: dict[str, Any], *, limit: float | None = None
    ) -> list[dict[str, Any]]:
        # `projects` would leave out what nobody edited for six weeks. A single row is asked for as
        # a list too: without, a missing one is `{}`, which is the success of a change.
        project_id = columns["project_id"]
        answer = self._query(
            operation,
            {"projects_all": [columns]},
            shape=_has_rows,
            retry=Retry.NEVER if limit else Retry.ALWAYS,
            limit=limit,
            about={"project_id": project_id} if project_id else None,
        )
        return rows_in(operation, answer, "projects_all")

    def _set(
        self,
        operation: str,
        project_id: str,
        changes: Mapping[str, Any],
        *,
        retry: Retry = Retry.UNDONE,
        limit: float | None = None,
    ) -> None:
        self._query(
            operation,
            {"projects": {"project_id": checked_uuid(project_id), **changes}},
            shape=is_changed,
            retry=retry,
            limit=limit,
            about={"project_id": project_id},
        )


def _has_rows(answer: Any) -> bool:
    return isinstance(answer, dict) and answer.keys() == {"projects_all"}
