"""Files in a project: what is large goes by CoCalc's upload, everything else by commands."""

import hashlib
from typing import ClassVar
from urllib.parse import quote, urlencode
from uuid import uuid4

from embedding.cocalc import files, scripts
from embedding.cocalc.caller import Retry
from embedding.cocalc.conat.answers import is_undone
from embedding.cocalc.conat.commands import Commands
from embedding.cocalc.errors import (
    CocalcError,
    CommandFailed,
    Limited,
    OutcomeUnknown,
    RefusedKey,
    ServerFault,
)
from embedding.cocalc.paths import parent
from embedding.cocalc.reading import Response, json_of, no_answer

MOST_UPLOADED = 200 * 1024 * 1024  # bytes of one request; a larger file goes in chunks
ARRIVAL = 20  # seconds in which an upload has to stand in the project, once CoCalc has all of it


class Files(Commands, files.Files):
    """The operations on files and folders."""

    read_chunk: ClassVar[int] = 2 * 1024 * 1024  # a message of CoCalc's holds 8 MB, better 4

    def write_file(
        self, project_id: str, path: str, content: bytes, *, overwrite: bool = True
    ) -> None:
        """Upload what is larger than one command takes; in chunks where that is refused."""
        if files.WRITE_CHUNK < len(content) <= MOST_UPLOADED:
            try:
                self._write_by_upload(project_id, path, content, overwrite=overwrite)
            except _RefusedUploadError:
                pass
            else:
                return
        super().write_file(project_id, path, content, overwrite=overwrite)

    def _write_by_upload(
        self, project_id: str, path: str, content: bytes, *, overwrite: bool
    ) -> None:
        """Upload to a hidden temporary file beside it, then check and rename as for any file.

        CoCalc may answer before the upload has its name: the project waits for it.
        """
        target, folder = scripts.quoted(path), scripts.quoted(parent(path), home=True)
        temporary = scripts.temporary_beside(path)
        name = scripts.quoted(temporary)
        digest = hashlib.sha256(content).hexdigest()
        # An upload starts no project.
        script = scripts.prepare(target, folder, overwrite=overwrite)
        self._script("write_file", project_id, script, retry=Retry.ALWAYS, folder=parent(path))
        try:
            self._upload(project_id, temporary, content)
        except CocalcError as failure:
            self._discard(project_id, name)
            if isinstance(failure, Limited | OutcomeUnknown | RefusedKey):
                raise
            raise _RefusedUploadError from None
        script = _wait(name, len(content)) + scripts.put(target, digest, overwrite=overwrite)
        try:
            self._script("write_file", project_id, script, retry=Retry.UNDONE, folder=parent(path))
        except CocalcError as failure:
            if isinstance(failure, CommandFailed | OutcomeUnknown | ServerFault):
                self._discard(project_id, name)
            raise

    def _upload(self, project_id: str, path: str, content: bytes) -> None:
        """Send it, once: a second upload to the same name would mix with the first."""
        fields = {"project_id": project_id, "compute_server_id": 0, "path": parent(path)}
        boundary = uuid4().hex
        kind = f"multipart/form-data; boundary={boundary}"
        body = (
            f"--{boundary}\r\nContent-Disposition: form-data;"
            f' name="file"; filename="{path.rpartition("/")[2]}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode() + b"%b\r\n--%b--\r\n" % (content, boundary.encode())

        def attempt(deadline: float) -> bool | CocalcError:
            target = f"upload?{urlencode(fields, quote_via=quote)}"
            response = self._wire.post("write_file", target, body, kind, deadline)
            return response if isinstance(response, CocalcError) else self._understand(response)

        self._bridges.repeat(
            "write_file",
            {"project_id": project_id},
            attempt,
            limit=self._limits.start,
            retry=Retry.NEVER,
            is_undone=is_undone,
        )

    def _understand(self, response: Response) -> bool | CocalcError:
        answer = json_of(response)
        if response.status == 200 and answer == {"status": "ok"}:
            return True
        if response.status == 401:
            words = self._readable(response.body.decode("utf-8", "replace"))
            return RefusedKey("write_file", words, status=401)
        return no_answer("write_file", response, answer, self._wire.key.redact)


class _RefusedUploadError(Exception):
    """CoCalc took no upload; nothing of it is left."""


def _wait(name: str, size: int) -> str:
    """Wait for an upload: it gets its name when all of it is there. On failure, leave no file."""
    return (
        f"set -e -o pipefail\nt={name}\n"
        'trap \'[ $? = 0 ] || rm -f -- "$t" "$t".*\' EXIT\n'
        f"for _ in $(seq {ARRIVAL * 20}); do\n"
        f'[ "$(stat -c %s -- "$t" 2>/dev/null || :)" != {size} ] || break\nsleep 0.05\ndone\n'
    )
