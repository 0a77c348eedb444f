"""All collected work of an assignment as one zip, made while it is sent.

Each student's folder comes out of the course's project as a tar in pieces of a few megabytes, and
goes into the zip file by file: nothing large is ever held, neither here nor on disk. What fails
for one student is told in ERRORS.txt. Links and devices are left out: a link could lead to
somebody else's work.
"""

import base64
import io
import shlex
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from django.utils.translation import gettext as _

from classroom.carrying.zipping import Names, Sink, Tree, entry_moment
from classroom.models import Assignment, Submission
from classroom.pages.sections import seen
from classroom.pages.spreadsheets import written
from classroom.rules import names
from classroom.rules.anonymity import code_of, folder_of, is_hidden
from embedding.client import client
from embedding.cocalc.errors import CocalcError
from embedding.cocalc.paths import clean_path
from embedding.conf import MEGABYTE
from embedding.problems import Problem, of_cocalc

PIECE = 4 * MEGABYTE
MOST = 2_000 * MEGABYTE  # of one student
BUFFER = 256 * 1024
ERRORS = "ERRORS.txt"
PART = ".collected-*.part"  # a tar under way; manifests and lists leave such names out
_ABSENT, _LARGE = 80, 83
_NOBODY = ("", "", "", "", "")


@dataclass(frozen=True, slots=True)
class Work:
    """One student's collected folder."""

    path: str  # in the course's project
    name: str  # of the folder in the zip
    row: tuple[str, ...]  # for the list of who is there


def works_of(assignment: Assignment, section: str = "") -> list[Work]:
    """Return what is collected, by name of the folder; a removed student's work too.

    Work whose name is hidden comes by its code. With it, a section is not told apart.
    """
    section = "" if assignment.anonymous else section
    found = (
        Submission.objects.filter(
            seen(assignment.course, "student__", section=section),
            assignment=assignment,
            collected__isnull=False,
        )
        .select_related("student__user", "assignment")
        .order_by("student__user__last_name", "student__user__first_name", "student_id")
    )
    hidden = sorted(filter(is_hidden, found), key=code_of)
    folders = Names()
    return [
        *(
            Work(names.collected_of(each), folders.name(folder_of(each)), _NOBODY)
            for each in hidden
        ),
        *(_by_name(each, folders) for each in found if not is_hidden(each)),
    ]


def _by_name(each: Submission, folders: Names) -> Work:
    return Work(
        names.collected_of(each),
        folders.name(names.student_folder(each.student)),
        (
            each.student.user.get_username(),
            each.student.name,
            each.student.number,
            each.collected.isoformat(timespec="seconds") if each.collected else "",
            "late" if each.late else "",
        ),
    )


def zipped(project: str, works: Sequence[Work], root: str) -> Iterator[bytes]:
    """Yield a zip with a folder for each student in the folder `root`."""
    sink = Sink()
    errors: list[str] = []
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        table = [("Folder", "Username", "Name", "Number", "Collected", "Late")]
        rows = [*table, *((work.name, *work.row) for work in works)]
        archive.writestr(f"{root}/STUDENTS.csv", written(rows))
        yield sink.taken()
        for work in works:
            try:
                for _copied in _student(archive, project, work, f"{root}/{work.name}", errors):
                    yield sink.taken()
            except (CocalcError, Problem, tarfile.TarError, ValueError, EOFError) as error:
                words = _("%(folder)s: not complete. %(why)s")
                errors.append(words % {"folder": work.name, "why": _words(error)})
            yield sink.taken()
        if errors:
            head = _("What is missing, and why:")
            archive.writestr(f"{root}/{ERRORS}", "\r\n".join([head, *errors]))
    yield sink.taken()


def _student(
    archive: zipfile.ZipFile, project: str, work: Work, root: str, errors: list[str]
) -> Iterator[None]:
    """Copy one student's files into the zip; yield whenever something may be sent."""
    tree = Tree()
    left_out: list[str] = []
    with _Tar(project, work.path) as pieces, tarfile.open(fileobj=pieces, mode="r|") as tar:
        for member in tar:
            if member.isdir():
                continue
            name = member.name.removeprefix("./")
            content = tar.extractfile(member) if member.isreg() else None
            if content is None:
                left_out.append(name)
                continue
            info = zipfile.ZipInfo(f"{root}/{tree.path(name)}", entry_moment(member.mtime))
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            with archive.open(info, "w", force_zip64=True) as target:
                while data := content.read(BUFFER):
                    target.write(data)
                    yield
            yield
    if left_out:
        shown = ", ".join(left_out[:10])
        words = _("%(folder)s: links were left out: %(names)s")
        errors.append(words % {"folder": work.name, "names": shown})


class _Tar(io.RawIOBase):
    """A folder of a project as a tar that is fetched in pieces, while it is read."""

    def __init__(self, project: str, path: str) -> None:
        super().__init__()
        self._project = project
        self._part = f".collected-{uuid4().hex}.part"
        self._piece = b""
        self._got = 0
        self._size = 0
        self._fetch(_make(path, self._part), first=True)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """Return up to so many bytes; the next piece is fetched when one is used up."""
        if not self._piece and self._got < self._size:
            self._fetch(_next(self._part, self._got // PIECE))
        end = len(self._piece) if size < 0 else size
        data, self._piece = self._piece[:end], self._piece[end:]
        return data

    def close(self) -> None:
        """Remove what may lie in the project still."""
        if not self.closed and self._got < self._size:
            with suppress(CocalcError):  # then the next zip removes it
                client().exec(self._project, f"rm -f -- ./{self._part}", bash=True, timeout=20)
        super().close()

    def _fetch(self, script: str, *, first: bool = False) -> None:
        output = client().exec(self._project, script, bash=True, timeout=120, check=False)
        if output.exit_code == _ABSENT:
            raise Problem("missing", _("The folder was deleted or renamed."), status=404)
        if output.exit_code == _LARGE:
            raise Problem(
                "too_large",
                _("The folder has more than %(most)s MB. Download it in CoCalc.")
                % {"most": MOST // MEGABYTE},
                status=409,
            )
        size, _line, content = output.stdout.partition("\n")
        if output.exit_code != 0 or not size.strip().isdigit():
            raise Problem("garbled", _("The folder could not be read."), status=502)
        self._piece = base64.b64decode(content.strip(), validate=True)
        self._size = int(size) if first else self._size
        self._got += len(self._piece)
        if self._got < self._size and len(self._piece) != PIECE:
            raise Problem("garbled", _("The folder arrived incomplete."), status=502)


def _make(path: str, part: str) -> str:
    """Return the script that makes the tar, prints its size and its first piece."""
    folder = shlex.quote(f"./{clean_path(path)}")
    # tar's 1 is “a file changed as we read it”, which does not break the tar.
    return f"""find . -maxdepth 1 -name {shlex.quote(PART)} -mmin +600 -delete 2>/dev/null
[ -d {folder} ] && [ ! -L {folder} ] || exit {_ABSENT}
[ "$(du -sb -- {folder} 2>/dev/null | cut -f1)" -le {MOST} ] || exit {_LARGE}
tar -c -f ./{part} --format=pax --hard-dereference --exclude=.ipynb_checkpoints \
--exclude='.*.sage-*' -C {folder} . 2>/dev/null
[ $? -le 1 ] || {{ rm -f -- ./{part}; exit 1; }}
stat -c %s -- ./{part}
{_piece(part, 0)}"""


def _next(part: str, number: int) -> str:
    return f"echo 0\n{_piece(part, number)}"


def _piece(part: str, number: int) -> str:
    # With the last piece, the tar has done its service.
    return f"""f=./{part}
dd if=$f bs={PIECE} skip={number} count=1 iflag=fullblock status=none | base64 -w0
[ "$(stat -c %s -- $f)" -gt {(number + 1) * PIECE} ] || rm -f -- $f"""


def _words(error: Exception) -> str:
    if isinstance(error, CocalcError):
        return of_cocalc(error).message
    return error.message if isinstance(error, Problem) else _("The folder arrived damaged.")


def file_name(assignment: Assignment) -> str:
    """Return the zip's own name, and that of the folder in it."""
    return Names().name(f"{assignment.folder}-collected")
