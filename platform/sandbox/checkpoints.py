"""No checkpoints: their folders would be handed out and collected with a student's work."""

from datetime import UTC, datetime
from typing import Any

from jupyter_server.services.contents.checkpoints import AsyncCheckpoints
from tornado.web import HTTPError

_ONLY = "none"


class NoCheckpoints(AsyncCheckpoints):
    """Says yes to a checkpoint, because every save asks for one, and keeps nothing."""

    async def create_checkpoint(self, contents_mgr: Any, path: str) -> dict[str, Any]:
        return {"id": _ONLY, "last_modified": datetime.now(UTC)}

    async def restore_checkpoint(self, contents_mgr: Any, checkpoint_id: str, path: str) -> None:
        raise HTTPError(404, "There are no checkpoints.")

    async def rename_checkpoint(self, checkpoint_id: str, old_path: str, new_path: str) -> None:
        pass

    async def delete_checkpoint(self, checkpoint_id: str, path: str) -> None:
        pass

    async def list_checkpoints(self, path: str) -> list[dict[str, Any]]:
        return []

    async def rename_all_checkpoints(self, old_path: str, new_path: str) -> None:
        pass

    async def delete_all_checkpoints(self, path: str) -> None:
        pass
