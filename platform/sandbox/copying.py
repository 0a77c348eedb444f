"""A copy from one home to another as the hub makes it: by rsync, on its own disk, as root."""

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.rsync import Copy, PartialCopyError


class CopyFailed(Exception):
    """rsync, or the `mkdir` before it, did not end well: in the hub's words."""


def place(home: Path, path: str) -> Path:
    """Where a path leads, which counts from the home even where it begins with a slash.

    As on a real server, the words are joined and nothing else is looked at: the copy is made with
    root's rights, and a link in the path leads into any other project.
    """
    return Path(os.path.normpath(f"{home}/{path}"))


async def copy(source: Path, target: Path, options: Mapping[str, Any]) -> None:
    """Copy with CoCalc's options, which are rsync's by other names. An `exclude` that is a text is
    taken letter by letter.
    """
    work = Copy(
        overwrite_newer=bool(options.get("overwrite_newer")),
        delete_missing=bool(options.get("delete_missing")),
        backup=bool(options.get("backup")),
        exclude=options.get("exclude") or (),
    )
    try:
        await asyncio.to_thread(work.run, source, target)
    except (FileExistsError, NotADirectoryError):
        # A file where a folder is to be made for the copy: the `mkdir` has no more to say.
        raise CopyFailed("child exited with code 1") from None
    except PartialCopyError as failed:
        raise CopyFailed(
            f"WARNING: copy exited with an error -- {failed}\nrsync error: some files/attrs were"
            " not transferred (see previous errors) (code 23) at main.c(1394) [sender=3.5.0]\n"
            f' -- "{_command_line(source, target, options)}"'
        ) from None


def _command_line(source: Path, target: Path, options: Mapping[str, Any]) -> str:
    words = ["rsync -zaxs --omit-link-times"]
    words += [] if options.get("overwrite_newer") else ["--update"]
    words += ["--backup"] if options.get("backup") else []
    words += ["--delete"] if options.get("delete_missing") else []
    words += [f"--timeout={options['timeout']}"] if options.get("timeout") else []
    words += [f"--exclude={pattern}" for pattern in options.get("exclude") or ()]
    slash = "/" if source.is_dir() else ""
    return " ".join([*words, f"{source}{slash}", f"{target}{slash}"])
