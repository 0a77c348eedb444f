"""Files and folders of a project, by scripts: API v1 has no endpoint that does it right.

Its `write_text_file_to_project` is not atomic and its reading is text only, while base64 through
exec is exact (recorded: tests/contract).
"""

import base64
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime

from embedding.cocalc.client import Entry, Output
from embedding.cocalc.errors import (
    CocalcError,
    CommandFailed,
    NotCocalc,
    OutcomeUnknown,
    ServerFault,
)
from embedding.cocalc.paths import clean_path, parent
from embedding.cocalc.v1 import scripts
from embedding.cocalc.v1.commands import Commands
from embedding.cocalc.v1.transport import Retry

WRITE_CHUNK = 600_000  # bytes; 800,000 as base64, so that a form has room for the longest paths
DISCARD = 10.0  # seconds to remove what a failed write has left
READ_ATTEMPTS = 3  # of a file that changes while it is read


class Files(Commands):
    """The operations on files and folders."""

    def write_file(self, project_id: str, path: str, content: bytes) -> None:
        """Write to a hidden temporary file beside it, then rename: one call up to 600 kB."""
        target, temporary = scripts.quoted(path), scripts.temporary_beside(path)
        digest = hashlib.sha256(content).hexdigest()
        offsets = range(0, len(content) or 1, WRITE_CHUNK)
        for offset in offsets:
            script = scripts.append(temporary, content[offset : offset + WRITE_CHUNK], offset)
            if offset == 0:
                folder = scripts.quoted(parent(path), home=True)
                script = scripts.prepare(target, folder) + script
            retry = Retry.ALWAYS
            if offset == offsets[-1]:
                script += scripts.put(target, digest)
                retry = Retry.UNDONE  # once more, it would find the temporary file gone
            try:
                self._script("write_file", project_id, script, retry=retry)
            except CocalcError as failure:
                if offset or isinstance(failure, CommandFailed | OutcomeUnknown | ServerFault):
                    self._discard(project_id, temporary)
                raise

    def read_file(self, project_id: str, path: str, *, max_bytes: int | None = None) -> bytes:
        """Read in chunks of 4 MiB; from the start again where the file changes meanwhile."""
        for _ in range(READ_ATTEMPTS):
            content = self._read_once(project_id, path, max_bytes)
            if content is not None:
                return content
        raise ServerFault("read_file", "the file kept changing while it was read")

    def _read_once(self, project_id: str, path: str, max_bytes: int | None) -> bytes | None:
        name = scripts.quoted(path)
        chunks: list[bytes] = []
        stamp = None
        size = 1
        while len(chunks) * scripts.READ_CHUNK < size:
            script = scripts.chunk(name, len(chunks), max_bytes)
            output = self._script("read_file", project_id, script, retry=Retry.ALWAYS)
            lines = output.stdout.splitlines()
            data = _decoded(lines[1]) if len(lines) == 3 else None
            if data is None:
                raise NotCocalc("read_file", "the content came garbled", status=200)
            stamp = stamp or lines[0]
            if not stamp == lines[0] == lines[2]:
                return None
            size = int(stamp.split()[0])
            chunks.append(data)
        content = b"".join(chunks)
        return content if len(content) == size else None

    def list_folder(self, project_id: str, path: str = "") -> list[Entry]:
        """List files and folders. A link counts as what it leads to; other things do not."""
        script = scripts.listing(scripts.quoted(path, home=True))
        output = self._script("list_folder", project_id, script, retry=Retry.ALWAYS)
        rows = _decoded(output.stdout)
        if rows is None:
            raise NotCocalc("list_folder", "the list came garbled", status=200)
        entries = (_entry(row.split(b" ", 3)) for row in rows.split(b"\0")[:-1])
        return [entry for entry in entries if entry]

    def file_exists(self, project_id: str, path: str) -> bool:
        args = ["-f", f"./{clean_path(path)}"]
        output = self._exec("file_exists", project_id, "test", args, retry=Retry.ALWAYS)
        if output.exit_code > 1:
            raise self._failed("file_exists", output)
        return output.exit_code == 0

    def make_folder(self, project_id: str, path: str) -> None:
        script = scripts.make_folder(scripts.quoted(path))
        self._script("make_folder", project_id, script, retry=Retry.ALWAYS)

    def move(self, project_id: str, source: str, target: str) -> None:
        old, new = scripts.quoted(source), scripts.quoted(target)
        if target.startswith(f"{source}/"):
            raise ValueError("A folder cannot be moved into itself.")
        script = scripts.move(old, new, scripts.quoted(parent(target), home=True))
        self._script("move", project_id, script, retry=Retry.UNDONE)

    def remove(self, project_id: str, path: str) -> None:
        script = scripts.remove(scripts.quoted(path))
        self._script("remove", project_id, script, retry=Retry.UNDONE)

    def _script(self, operation: str, project_id: str, script: str, *, retry: Retry) -> Output:
        output = self._run(operation, project_id, script, retry=retry)
        if output.exit_code in scripts.MEANINGS:
            kind, words = scripts.MEANINGS[output.exit_code]
            raise kind(operation, words, status=200)
        if output.exit_code != 0:
            raise self._failed(operation, output)
        return output

    def _discard(self, project_id: str, temporary: str) -> None:
        """Clean up after a failed write. The failure is what is to be told, not this."""
        script = scripts.discard(temporary)
        with suppress(CocalcError):
            self._run("write_file", project_id, script, retry=Retry.NEVER, limit=DISCARD)


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return None


def _entry(columns: Sequence[bytes]) -> Entry | None:
    """Read a row of the listing; None for what is neither file nor folder, or has no text name."""
    kind, size, modified, name = columns
    if kind not in (b"d", b"f"):
        return None
    try:
        text = name.decode()
    except UnicodeDecodeError:
        return None
    is_folder = kind == b"d"
    return Entry(text, is_folder, 0 if is_folder else int(size), _moment(float(modified)))


def _moment(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):  # a year that Python does not know
        return datetime.fromtimestamp(0, UTC)
