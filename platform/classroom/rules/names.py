"""Names of folders and files that people can read, and that every project can hold.

In the student's project an assignment is `<folder>/`, and when returned `graded-<folder>/`, as
CoCalc itself has it. In the course's project the source is `<folder>/`, and what came back lies
under `collected/<folder>/<student>/` and `submitted/<folder>/<student>/<time>/`. Where names are
hidden while grading, a code stands in the student's place (`rules.anonymity`).
"""

import re
import unicodedata
from datetime import UTC, datetime

from classroom.models import Assignment, Membership, Submission
from classroom.rules import anonymity
from embedding.names import tidy

_BAD = re.compile(r"[\x00-\x1f\x7f-\x9f/\\:*?\"<>|]+")
_LONGEST = 200  # bytes of a folder's name; file systems take 255
RESERVED = ("collected", "submitted", "student")


def folder_from(title: str) -> str:
    """Make a folder's name of a title: "Homework 1: loops" becomes "homework-1-loops"."""
    text = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", text).strip("-")[:60].strip("-") or "assignment"
    return f"{name}-1" if name in RESERVED else name


def student_folder(student: Membership) -> str:
    """Return "<student name>-<username>", safe as one folder's name, and no other student's.

    A username with a hyphen could be read as the end of another's name, a very long name is cut,
    and not every system keeps a dot at the end: then a number is added after a tilde, which no
    other name here holds.
    """
    username = student.user.get_username()
    name = f"{_readable(student.name)}-{username}".lstrip(" .-")
    if not re.search(r"[-~]|\.$", username) and len(name.encode()) <= _LONGEST:
        return name
    end = f"~{student.pk}"
    return (name.encode()[: _LONGEST - len(end)].decode(errors="ignore") or "student") + end


def _readable(name: str) -> str:
    return tidy(_BAD.sub(" ", name).replace("~", " "))


def collected_of(submission: Submission) -> str:
    """Where this work was collected, whatever its student is called by now; else where it will."""
    if submission.collected_path or not submission.assignment.anonymous:
        found = submission.collected_path
        return found or collected_path(submission.assignment, submission.student)
    return f"collected/{submission.assignment.folder}/{anonymity.folder_of(submission)}"


def collected_path(assignment: Assignment, student: Membership) -> str:
    """Where a student's collected work lies in the course's project."""
    return f"collected/{assignment.folder}/{student_folder(student)}"


def submitted_path(assignment: Assignment, student: Membership, at: datetime) -> str:
    """Where a snapshot lies in the course's project."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%S.%fZ")
    return f"submitted/{assignment.folder}/{student_folder(student)}/{moment}"


def submitted_of(submission: Submission, at: datetime) -> str:
    """Where a snapshot of this work is put: under the student's name, or what stands for it."""
    path = submitted_path(submission.assignment, submission.student, at)
    if not submission.assignment.anonymous:
        return path
    head, moment = f"submitted/{submission.assignment.folder}", path.rpartition("/")[2]
    return f"{head}/{anonymity.folder_of(submission)}/{moment}"


def graded_path(assignment: Assignment) -> str:
    """Where returned work lies in the student's project."""
    return f"graded-{assignment.folder}"


def student_file(student: Membership) -> str:
    """Return the name of the file in the collected folder that says whose work it is."""
    name = _readable(student.name).encode()[:_LONGEST].decode(errors="ignore")
    return f"STUDENT - {name}.txt"


def backup_path(assignment: Assignment, at: datetime) -> str:
    """Where a student's folder is kept before it is overwritten."""
    return f"{assignment.folder}-backup-{at:%Y-%m-%d-%H%M%S}"
