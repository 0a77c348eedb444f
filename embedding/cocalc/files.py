"""Files and folders of a project, by scripts: no generation has endpoints that do it right.

Their writing of text is not atomic and their reading is text only, while base64 through a command
is exact (recorded for API v1: tests/contract).
"""

import base64
import hashlib
from contextlib import suppress
from datetime import UTC, datetime
from typing import ClassVar, NamedTuple

from embedding.cocalc import scripts
from embedding.cocalc.caller import Retry
from embedding.cocalc.client import Entry, Output
from embedding.cocalc.commands import Commands
from embedding.cocalc.errors import (
    CocalcError,
    CommandFailed,
    InTheWay,
    NotCocalc,
    OutcomeUnknown,
    ServerFault,
    TooMany,
)
from embedding.cocalc.paths import clean_path, parent

WRITE_CHUNK = 600_000  # bytes; 800,000 as base64, so that a form has room for the longest paths
DISCARD = 10.0  # seconds to remove what a failed write has left
READ_ATTEMPTS = 3  # of a file that changes while it is read


class Files(Commands):
    """The operations on files and folders.

    Attributes:
        read_chunk: bytes that one answer of CoCalc's may carry, as base64.
    """

    read_chunk: ClassVar[int] = 4 * 1024 * 1024

    def write_file(
        self, project_id: str, path: str, content: bytes, *, overwrite: bool = True
    ) -> None:
        """Write to a hidden temporary file beside it, then rename: one call up to 600 kB."""
        target = scripts.quoted(path)
        temporary = scripts.quoted(scripts.temporary_beside(path))
        digest = hashlib.sha256(content).hexdigest()
        offsets = range(0, len(content) or 1, WRITE_CHUNK)
        for offset in offsets:
            script = scripts.append(temporary, content[offset : offset + WRITE_CHUNK], offset)
            if offset == 0:
                folder = scripts.quoted(parent(path), home=True)
                script = scripts.prepare(target, folder, overwrite=overwrite) + script
            retry = Retry.ALWAYS
            if offset == offsets[-1]:
                script += scripts.put(target, digest, overwrite=overwrite)
                retry = Retry.UNDONE  # once more, it would find the temporary file gone
            try:
                self._script("write_file", project_id, script, retry=retry, folder=parent(path))
            except CocalcError as failure:
                if offset or isinstance(failure, CommandFailed | OutcomeUnknown | ServerFault):
                    self._discard(project_id, temporary)
                raise

    def read_file(self, project_id: str, path: str, *, max_bytes: int | None = None) -> bytes:
        """Read in chunks; from the start again where the file changes meanwhile."""
        for _ in range(READ_ATTEMPTS):
            content = self._read_once(project_id, path, max_bytes)
            if content is not None:
                return content
        raise ServerFault("read_file", "the file kept changing while it was read")

    def _read_once(self, project_id: str, path: str, max_bytes: int | None) -> bytes | None:
        name = scripts.quoted(path)
        chunks: list[bytes] = []
        first = None
        size = 1
        while len(chunks) * self.read_chunk < size:
            script = scripts.chunk(name, len(chunks), self.read_chunk, max_bytes)
            output = self._script("read_file", project_id, script, retry=Retry.ALWAYS)
            chunk = _chunk(output.stdout)
            if chunk is None or (max_bytes is not None and chunk.size > max_bytes):
                raise NotCocalc("read_file", "the content came garbled", status=200)
            size = chunk.size
            first = first or chunk.before
            here = min(size - len(chunks) * self.read_chunk, self.read_chunk)
            if not first == chunk.before == chunk.after or len(chunk.data) != here:
                return None
            chunks.append(chunk.data)
        return b"".join(chunks)

    def list_folder(self, project_id: str, path: str = "") -> list[Entry]:
        """List files and folders. A link counts as what it leads to; other things do not."""
        script = scripts.listing(scripts.quoted(path, home=True))
        output = self._script("list_folder", project_id, script, retry=Retry.ALWAYS)
        entries = _entries(output.stdout)
        if entries is None:
            raise NotCocalc("list_folder", "the list came garbled", status=200)
        if len(entries) > scripts.MOST_ENTRIES:
            words = f"the folder holds more than {scripts.MOST_ENTRIES:,} files"
            raise TooMany("list_folder", words, status=200)
        return [entry for entry in entries if entry]

    def file_exists(self, project_id: str, path: str) -> bool:
        args = ["-f", f"./{clean_path(path)}"]
        output = self._exec("file_exists", project_id, "test", args, retry=Retry.ALWAYS)
        if output.exit_code > 1:
            raise self._failed("file_exists", output)
        return output.exit_code == 0

    def make_folder(self, project_id: str, path: str, *, exists_ok: bool = True) -> None:
        name, retry = scripts.quoted(path), Retry.ALWAYS
        script = scripts.make_folder(name)
        if not exists_ok:
            script, retry = (
                scripts.new_folder(name, scripts.quoted(parent(path), home=True)),
                Retry.UNDONE,
            )
        self._script("make_folder", project_id, script, retry=retry, folder=path)

    def move(self, project_id: str, source: str, target: str) -> None:
        old, new = scripts.quoted(source), scripts.quoted(target)
        if target.startswith(f"{source}/"):
            raise ValueError("A folder cannot be moved into itself.")
        script = scripts.move(old, new, scripts.quoted(parent(target), home=True))
        self._script("move", project_id, script, retry=Retry.UNDONE, folder=parent(target))

    def remove(self, project_id: str, path: str) -> None:
        script = scripts.remove(scripts.quoted(path))
        self._script("remove", project_id, script, retry=Retry.UNDONE)

    def _script(
        self, operation: str, project_id: str, script: str, *, retry: Retry, folder: str = ""
    ) -> Output:
        """Run it; `folder` is what it makes, if it makes one."""
        output = self._run(operation, project_id, script, retry=retry)
        if output.exit_code in scripts.MEANINGS:
            kind, words = scripts.MEANINGS[output.exit_code]
            if kind is InTheWay:
                raise InTheWay(operation, words, status=200, folder=folder)
            raise kind(operation, words, status=200)
        if output.exit_code != 0:
            raise self._failed(operation, output)
        return output

    def _discard(self, project_id: str, temporary: str) -> None:
        """Clean up after a failed write. The failure is what is to be told, not this."""
        script = scripts.discard(temporary)
        with suppress(CocalcError):
            self._run("write_file", project_id, script, retry=Retry.NEVER, limit=DISCARD)


# A project's own user can make its commands print anything: whatever does not fit is None.


class _Chunk(NamedTuple):
    """What `scripts.chunk` prints: how the file looked before and after, and the chunk."""

    before: str
    data: bytes
    after: str
    size: int


def _chunk(stdout: str) -> _Chunk | None:
    try:
        before, encoded, after = stdout.splitlines()
        data = base64.b64decode(encoded, validate=True)
        return _Chunk(before, data, after, size=int(before.split()[0]))
    except (ValueError, IndexError):
        return None


def _entries(stdout: str) -> list[Entry | None] | None:
    try:
        rows = base64.b64decode(stdout, validate=True).split(b"\0")[:-1]
        # One more than are taken tells that there are more.
        return [_entry(*row.split(b" ", 3)) for row in rows[: scripts.MOST_ENTRIES + 1]]
    except (ValueError, TypeError):
        return None


def _entry(kind: bytes, size: bytes, modified: bytes, name: bytes) -> Entry | None:
    """Read a row of the listing; None for what is neither file nor folder, or has no text name."""
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
