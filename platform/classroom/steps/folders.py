"""Work in a project's folders that ends in their manifest: all of it in one exec.

Scripts are bash, run in the home; each ends a failed command with an exit code, and the manifest
is then not listed at all.
"""

import shlex
from collections.abc import Sequence
from uuid import uuid4

from classroom.models import Course
from classroom.rules import manifest
from classroom.rules.manifest import File
from classroom.rules.source_folder import is_sound
from embedding.client import client
from embedding.cocalc.paths import clean_path
from embedding.problems import Problem


def quoted(path: str) -> str:
    """Make a path safe for bash; no name is taken for an option. Raises ValueError."""
    return shlex.quote(f"./{clean_path(path)}")


def course_project(course: Course) -> str:
    """Return the id of the course's own project; Problem while it is not there."""
    if course.project.project_id is None:
        raise Problem(
            "unprepared",
            "The course's own project is not there yet; it is being prepared.",
            status=409,
            recoverable=True,
        )
    return str(course.project.project_id)


def writing(path: str, text: str) -> str:
    """Return the script that puts a text file in place of whatever file or link is there.

    A folder of that name, which a student may have made, is kept beside it under another.
    """
    target, folder = quoted(path), quoted(path.rpartition("/")[0])
    # A hidden name that manifests leave out; over its place at once, and never through a link.
    part = quoted(f"{path.rpartition('/')[0]}/.{uuid4().hex}.part")
    aside = quoted(f"{path} (folder)")
    return (
        f"mkdir -p -- {folder} || exit\n"
        f"if [ -d {target} ] && [ ! -L {target} ]; then\n"
        f"mv -T --backup=numbered -- {target} {aside} || exit\n"
        "fi\n"
        f"printf %s {shlex.quote(text)} > {part} && mv -fT -- {part} {target}"
        f" || {{ c=$?; rm -f -- {part}; exit $c; }}\n"
    )


def backup(folder: str, name: str) -> str:
    """Return the script that keeps a copy of a folder under another name, once."""
    old, new, part = quoted(folder), quoted(name), quoted(f"{name}.part")
    return (
        f"if [ -e {old} ] && [ ! -e {new} ]; then\n"
        f"rm -rf -- {part} && cp -a --reflink=auto -- {old} {part} && mv -T -- {part} {new}"
        " || exit\n"
        "fi\n"
    )


def tamed(folder: str) -> str:
    """Return the script that leaves nothing but files and folders that can be read.

    What students send may hold links to anybody's files: these are not followed, and go.
    """
    there = quoted(folder)
    return (
        f"[ -e {there} ] && {{ chmod -R u+rwX,go-w,-s -- {there}\n"
        f"find {there} ! -type f ! -type d -delete; }}\n"
    )


def age(project: str, folder: str, paths: Sequence[str]) -> None:
    """Make files old, so that a copy sends them anew.

    Copies leave out what has the same size and time, also where the content differs. The paths
    may be what a student's project says: one that leads out of the folder is left alone.
    """
    names = " ".join(quoted(f"{folder}/{path}") for path in paths[:500] if is_sound(path))
    client().exec(project, f"touch -cd @0 -- {names}", bash=True, timeout=60, check=False)


def listed(project: str, folder: str, *before: str) -> list[File]:
    """Run scripts in a project, then return a folder's manifest; raises as `manifest.of_folder`."""
    script = "".join(before) + manifest.script(folder)
    output = client().exec(project, script, bash=True, timeout=manifest.TIMEOUT, check=False)
    return manifest.read(output, folder)


def few(paths: Sequence[str]) -> str:
    """Say a few paths of many."""
    shown = ", ".join(f"“{path}”" for path in paths[:3])
    return shown if len(paths) <= 3 else f"{shown} and {len(paths) - 3} more"
