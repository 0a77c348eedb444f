"""An operation for migrations that name things for people, and change nothing in a table."""

from typing import Any

from django.db.migrations import SeparateDatabaseAndState
from django.db.migrations.state import ProjectState


class Labels(SeparateDatabaseAndState):
    """Changes of verbose names, help texts and the like, of many fields at once.

    After each, Django would build all models that are related anew, which for some hundreds of
    fields takes most of the time of all migrations. Here it builds them once, at the end.
    """

    def __init__(self, state_operations: list[Any]) -> None:
        super().__init__(state_operations=state_operations)

    def state_forwards(self, app_label: str, state: ProjectState) -> None:
        """Change the state, and build its models if they were built before."""
        was_built = state.__dict__.pop("apps", None) is not None
        super().state_forwards(app_label, state)
        if was_built:
            _ = state.apps
