"""What the site knows of its courses: people, assignments, work, and the steps that move it.

One file a subject; all others import from here. Nothing here is CoCalc's: projects, accounts and
who may open what are `embedding`'s.
"""

from classroom.models.assignments import Assignment, Extension
from classroom.models.courses import TEACHERS, Course, validate_time_zone
from classroom.models.grades import GradeChange, KeptComment
from classroom.models.notices import Notice
from classroom.models.people import Invitation, Membership, Role, RosterShape, UnprovenAddress
from classroom.models.submissions import Snapshot, Submission
from classroom.models.transfers import Batch, Kind, Transfer

__all__ = [
    "TEACHERS",
    "Assignment",
    "Batch",
    "Course",
    "Extension",
    "GradeChange",
    "Invitation",
    "KeptComment",
    "Kind",
    "Membership",
    "Notice",
    "Role",
    "RosterShape",
    "Snapshot",
    "Submission",
    "Transfer",
    "UnprovenAddress",
    "validate_time_zone",
]
