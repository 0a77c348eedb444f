"""`POST /upload` and `GET /<project>/files/…`: any bytes, into and out of a running project.

Read in CoCalc's source, July 2026. An upload is answered before the file has its name: it is
written beside it, as `NAME.partialupload-…`, and gets its name when the project has all of it.
"""

import asyncio
import mimetypes
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import BodyPartReader, hdrs, web

from sandbox.conat import texts
from sandbox.conat.functions import Thrown
from sandbox.conat.keys import caller_by_key
from sandbox.conat.node import in_home, may_read, may_write
from sandbox.conat.v2 import V2Call, asking
from sandbox.hub import Hub

LIMIT = 200 * 1024 * 1024
"""Bytes of one request."""
_PIECE = 256 * 1024


def routes(hub: Hub) -> list[web.RouteDef]:
    uploads, downloads = Uploads(hub), Downloads(hub)
    return [
        web.route("*", "/upload", uploads.handle),
        web.get("/{project_id:[0-9a-fA-F-]{36}}/files/{path:.+}", downloads.handle),
    ]


def words(status: int, text: str) -> web.Response:
    """A short answer as Express sends it."""
    return web.Response(status=status, text=text, content_type="text/html")


class _Failed(Exception):
    """No upload: nothing was written."""


@dataclass
class _Form:
    fields: dict[str, str] = field(default_factory=dict)
    name: str = ""
    size: int = 0

    def number(self, name: str, default: int) -> int:
        text = self.fields.get(name, "")
        return int(text) if text.isdecimal() else default


class Uploads:
    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        # One file a place: the pieces of an upload come one after the other.
        self._partial: dict[Path, Path] = {}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if request.method != "POST":
            return web.Response(status=404, text=texts.NOT_FOUND_PAGE, content_type="text/html")
        begun = self._hub.calls.begin("upload", None, dict(request.query))
        response = await self._handle(request)
        begun["status"] = response.status
        return response

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        try:
            account_id = asking(self._hub, request)
        except Thrown:
            account_id = None
        if account_id is None:
            await _drain(request)
            return words(401, "user must be signed in to upload files")
        call = V2Call(self._hub, account_id, {})
        project_id = request.query.get("project_id")
        try:
            if not call.is_collaborator(project_id) or "compute_server_id" not in request.query:
                raise _Failed
            return await self._receive(request, str(project_id))
        except (_Failed, Thrown):
            await _drain(request)
            return words(500, "upload failed")
        except OSError:
            await _drain(request)
            return words(500, texts.UPLOAD_FAILED)

    async def _receive(self, request: web.Request, project_id: str) -> web.StreamResponse:
        paths = request.query.getall("path", [])
        if len(paths) > 1 or not request.content_type.startswith("multipart/"):
            raise _Failed
        if not self._hub.projects.is_running(project_id):
            raise FileNotFoundError
        folder = in_home(self._hub, project_id, paths[0] if paths else "")
        staged = self._hub.config.data / f"upload-{os.urandom(6).hex()}"
        try:
            form = await _parse(request, staged)
            if not form.name or not form.size:
                raise _Failed
            target = Path(os.path.normpath(folder / (form.fields.get("fullPath") or form.name)))
            partial = self._place_of(target, first=form.number("dzchunkindex", 0) == 0)
            await asyncio.to_thread(self._append, staged, partial, target)
        finally:
            staged.unlink(missing_ok=True)
        if form.number("dzchunkindex", 0) + 1 >= form.number("dztotalchunkcount", 1):
            del self._partial[target]
            self._hub.spawn(self._name(partial, target))
        return web.Response(text='{\n  "status": "ok"\n}', content_type="application/json")

    def _place_of(self, target: Path, *, first: bool) -> Path:
        """Where the file grows: the first piece opens one anew."""
        if first or target not in self._partial:
            name = f"{target.name}.partialupload-{os.urandom(4).hex()}"
            self._partial[target] = target.with_name(name)
        return self._partial[target]

    def _append(self, piece: Path, partial: Path, target: Path) -> None:
        may_write(self._hub, target)
        target.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("ab") as whole, piece.open("rb") as more:
            shutil.copyfileobj(more, whole)

    async def _name(self, partial: Path, target: Path) -> None:
        await asyncio.sleep(self._hub.quirks.upload_delay)
        # Whoever put a folder there meanwhile, or took the file away, keeps it so.
        if partial.is_file() and not target.is_dir():
            partial.replace(target)


async def _parse(request: web.Request, staged: Path) -> _Form:
    """Keep the part `file` at `staged`, and return the fields around it. Raises _Failed."""
    form = _Form()
    try:
        async for part in await request.multipart():
            if not isinstance(part, BodyPartReader):
                continue
            if part.name == "file" and part.filename:
                form.name = _reshaped(part.filename)
                with staged.open("wb") as file:
                    async for piece in _pieces(part):
                        form.size += len(piece)
                        if form.size > LIMIT:
                            raise _Failed
                        file.write(piece)
            elif part.name:
                form.fields[part.name] = await part.text()
    except (ValueError, AssertionError):
        # No boundary, or no end: aiohttp's ways of saying so.
        raise _Failed from None
    return form


async def _pieces(part: BodyPartReader) -> AsyncIterator[bytes]:
    while piece := await part.read_chunk(_PIECE):
        yield piece


def _reshaped(name: str) -> str:
    """A name as the form's parser hands it on: what stands behind the last backslash or slash."""
    return name.replace("\\", "/").rpartition("/")[2]


async def _drain(request: web.Request) -> None:
    # An answer into a body still on its way would break the connection.
    async for _ in request.content.iter_any():
        pass


class Downloads:
    """By cookie alone: the session's, or one that holds a key."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    async def handle(self, request: web.Request) -> web.StreamResponse:
        project_id = request.match_info["project_id"]
        session, key = request.cookies.get("remember_me"), request.cookies.get("api_key")
        if not session and not key:
            site = f"https://{request.host}"
            return self._refused(
                request,
                f"Please login to <a target='_blank' href='{site}'>{site}</a>"
                " with cookies enabled, then refresh this page.",
            )
        if not self._may_read(project_id, session, key):
            return self._refused(request, "user does not have read access to project")
        return await self._send(request, project_id, request.match_info["path"])

    def _may_read(self, project_id: str, session: str | None, key: str | None) -> bool:
        caches = self._hub.caches
        if session:
            holder = self._hub.store.holder("session", session)
            return holder is not None and caches.is_collaborator(holder.account_id, project_id)
        caller = caller_by_key(self._hub, key or "")
        if caller is None:
            return False
        if caller.account:
            return caches.is_collaborator(caller.account.account_id, project_id)
        return caller.project_id == project_id

    @staticmethod
    def _refused(request: web.Request, why: str) -> web.Response:
        text = f"WARNING: error proxying request {request.path} -- Error: {why}"
        return words(500, text)

    async def _send(self, request: web.Request, project_id: str, path: str) -> web.StreamResponse:
        kind = mimetypes.guess_type(path)[0] or "false"
        headers = {hdrs.CONTENT_TYPE: kind, "X-Content-Type-Options": "nosniff"}
        if "download" in request.query or path.endswith(".svg"):
            headers[hdrs.CONTENT_DISPOSITION] = "attachment"
        place = in_home(self._hub, project_id, path)
        try:
            if not self._hub.projects.is_running(project_id):
                raise FileNotFoundError
            may_read(self._hub, place)
            file = place.open("rb")
        except OSError:
            return web.Response(status=500, body=texts.READ_FAILED.encode(), headers=headers)
        response = web.StreamResponse(headers=headers)
        response.enable_chunked_encoding()
        await response.prepare(request)
        with file:
            while piece := file.read(_PIECE):
                await response.write(piece)
        await response.write_eof()
        return response
