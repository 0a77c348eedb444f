"""Copy a file or a folder's content as `rsync -axs --omit-link-times` does, without rsync.

    --update           unless `overwrite_newer`: a newer file at the target stays
    --backup           what would be overwritten or deleted is kept as `name~`
    --delete           what the source does not have goes, unless it is excluded
    --exclude PATTERN  rsync's patterns, in their plain forms

A link at the top of either end is followed, and one in any part of the way there: a name ends in a
slash, and the system has resolved the rest. Links within the folder are copied as links.

A failure on one entry does not stop the others: all are reported at the end, as rsync does.
"""

import os
import re
import shutil
import stat
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

SUFFIX = "~"


class PartialCopyError(Exception):
    """Some entries could not be copied: one line for each."""


class Filter:
    """One exclude pattern.

    `*` and `?` stop at a slash, `**` does not. A pattern with a slash in front is anchored at the
    top of the copy; one with a slash inside matches the end of the path; any other matches a
    name anywhere. A trailing slash makes it match folders only.
    """

    def __init__(self, pattern: str) -> None:
        self._folders_only = pattern.endswith("/")
        bare = pattern.rstrip("/")
        anchored = bare.startswith("/")
        bare = bare.lstrip("/")
        self._whole_path = anchored or "/" in bare or "**" in bare
        prefix = "" if anchored or not self._whole_path else "(?:.*/)?"
        self._regex = re.compile(prefix + _translate(bare), re.DOTALL)

    def matches(self, path: PurePosixPath, is_folder: bool) -> bool:
        if self._folders_only and not is_folder:
            return False
        return self._regex.fullmatch(str(path) if self._whole_path else path.name) is not None


def _translate(pattern: str) -> str:
    parts = re.split(r"(\*\*|\*|\?|\[[^\]]+\])", pattern)
    known = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return "".join(
        known.get(part) or (f"[{_class(part)}]" if _is_class(part) else re.escape(part))
        for part in parts
    )


def _is_class(part: str) -> bool:
    return len(part) > 2 and part.startswith("[") and part.endswith("]")


def _class(part: str) -> str:
    inner = part[1:-1].replace("\\", "\\\\")
    return "^" + inner[1:] if inner[0] in "!^" else inner


@dataclass
class Copy:
    """One run: the options, and what went wrong so far."""

    overwrite_newer: bool = False
    delete_missing: bool = False
    backup: bool = False
    exclude: Iterable[str] = ()
    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._filters = [Filter(pattern) for pattern in self.exclude if pattern.strip("/")]

    def run(self, source: Path, target: Path) -> None:
        """Copy a folder's content into `target`, or a file to the name `target`.

        A file goes into `target` where that is a folder. FileNotFoundError: there is no source.
        """
        if source.is_dir():
            if os.path.lexists(target) and not target.is_dir():
                self._fail(f'cannot create directory "{target}": File exists')
            else:
                target.mkdir(parents=True, exist_ok=True)
                self._folder(source, target, PurePosixPath())
        else:
            source.lstat()
            target.parent.mkdir(parents=True, exist_ok=True)
            if target.is_dir():
                target = target / source.name
            if not self._excluded(PurePosixPath(source.name), source):
                self._entry(source, target, PurePosixPath(source.name))
        if self.errors:
            raise PartialCopyError("\n".join(self.errors))

    def _fail(self, line: str) -> None:
        self.errors.append(line)

    def _excluded(self, path: PurePosixPath, entry: Path) -> bool:
        is_folder = entry.is_dir() and not entry.is_symlink()
        return any(rule.matches(path, is_folder) for rule in self._filters)

    def _folder(self, source: Path, target: Path, path: PurePosixPath) -> None:
        entries = sorted(source.iterdir())
        if self.delete_missing:
            # Before the copy, so that a file may take the place of a folder that goes.
            self._delete(target, {entry.name for entry in entries}, path)
        for entry in entries:
            inner = path / entry.name
            if not self._excluded(inner, entry):
                self._entry(entry, target / entry.name, inner)
        shutil.copystat(source, target, follow_symlinks=False)

    def _entry(self, source: Path, target: Path, path: PurePosixPath) -> None:
        try:
            mode = source.lstat().st_mode
            if stat.S_ISLNK(mode):
                self._link(source, target, path)
            elif stat.S_ISDIR(mode):
                self._subfolder(source, target, path)
            elif stat.S_ISREG(mode):
                self._file(source, target, path)
            # Sockets and pipes of running programs mean nothing elsewhere.
        except OSError as problem:
            self._fail(f'rsync: [receiver] "{target}": {problem.strerror} ({problem.errno})')

    def _subfolder(self, source: Path, target: Path, path: PurePosixPath) -> None:
        if os.path.lexists(target) and (target.is_symlink() or not target.is_dir()):
            if self.backup:
                target.replace(target.with_name(target.name + SUFFIX))
            else:
                target.unlink()
        target.mkdir(exist_ok=True)
        self._folder(source, target, path)

    def _file(self, source: Path, target: Path, path: PurePosixPath) -> None:
        ours = source.stat()
        if os.path.lexists(target):
            theirs = target.lstat()
            if stat.S_ISREG(theirs.st_mode):
                # rsync compares in whole seconds; "newer" is strict.
                if not self.overwrite_newer and int(theirs.st_mtime) > int(ours.st_mtime):
                    return
                if (theirs.st_size, int(theirs.st_mtime)) == (ours.st_size, int(ours.st_mtime)):
                    target.chmod(stat.S_IMODE(ours.st_mode))
                    return
            if not self._put_aside(target, f"could not make way for new regular file: {path}"):
                return
        # Beside its place and then over it, so that nobody reads half a file.
        partial = target.with_name(f".{target.name}.{os.urandom(3).hex()}")
        try:
            shutil.copy2(source, partial)
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)

    def _link(self, source: Path, target: Path, path: PurePosixPath) -> None:
        if os.path.lexists(target):
            if target.is_symlink() and target.readlink() == source.readlink():
                return
            if not self._put_aside(target, f"could not make way for new symlink: {path}"):
                return
            if os.path.lexists(target):
                target.unlink()
        target.symlink_to(source.readlink())

    def _put_aside(self, target: Path, complaint: str) -> bool:
        """Make place for a file: keep the old one as a backup if asked. False: in the way."""
        if target.is_dir() and not target.is_symlink():
            # Only an empty folder gives way to a file; --delete forces the others.
            try:
                shutil.rmtree(target) if self.delete_missing else target.rmdir()
            except OSError:
                self._fail(complaint)
                return False
        elif self.backup:
            target.replace(target.with_name(target.name + SUFFIX))
        return True

    def _delete(self, target: Path, keep: set[str], path: PurePosixPath) -> None:
        for entry in sorted(target.iterdir()):
            inner = path / entry.name
            if entry.name in keep or self._excluded(inner, entry):
                continue
            if self.backup and entry.name.endswith(SUFFIX):
                continue  # rsync protects its own backups
            if entry.is_dir() and not entry.is_symlink():
                self._delete_folder(entry, inner)
            elif self.backup:
                entry.replace(entry.with_name(entry.name + SUFFIX))
            else:
                entry.unlink()

    def _delete_folder(self, folder: Path, path: PurePosixPath) -> None:
        self._delete(folder, set(), path)
        # What is excluded, or kept as a backup, holds its folder.
        if not any(folder.iterdir()):
            folder.rmdir()
