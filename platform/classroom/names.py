"""Names of folders and files that people can read, and that every project can hold.

In the student's project an assignment is `<folder>/`, and when returned `graded-<folder>/`, as
CoCalc itself has it. In the course's project the source is `<folder>/`, and what came back lies
under `collected/<folder>/<student>/` and `submitted/<folder>/<student>/<time>/`.
"""

import re
import unicodedata
from datetime import UTC, datetime

from classroom.models import Assignment, Membership

_BAD = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")
RESERVED = ("collected", "submitted", "student")


def folder_from(title: str) -> str:
    """Make a folder's name of a title: "Homework 1: loops" becomes "homework-1-loops"."""
    text = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", text).strip("-")[:60].strip("-") or "assignment"
    return f"{name}-1" if name in RESERVED else name


def student_folder(student: Membership) -> str:
    """Return "<student name>-<username>", safe as one folder's name."""
    username = student.user.get_username()
    name = _BAD.sub(" ", f"{student.name}-{username}")
    return re.sub(r"\s+", " ", name).strip(" .")[:120] or f"student-{student.pk}"


def collected_path(assignment: Assignment, student: Membership) -> str:
    """Where a student's collected work lies in the course's project."""
    return f"collected/{assignment.folder}/{student_folder(student)}"


def submitted_path(assignment: Assignment, student: Membership, at: datetime) -> str:
    """Where a snapshot lies in the course's project."""
    moment = at.astimezone(UTC).strftime("%Y-%m-%dT%H-%M-%S.%fZ")
    return f"submitted/{assignment.folder}/{student_folder(student)}/{moment}"


def graded_path(assignment: Assignment) -> str:
    """Where returned work lies in the student's project."""
    return f"graded-{assignment.folder}"
