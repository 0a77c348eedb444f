"""What the site knows of its courses: people, assignments, work, and the steps that move it.

One file a subject; all others import from here. Nothing here is CoCalc's: projects, accounts and
who may open what are `embedding`'s.
"""

from classroom.models.assignments import Assignment, Extension
from classroom.models.courses import TEACHERS, Course, validate_time_zone
from classroom.models.grades import UNWAIVED, WAIVED, GradeChange
from classroom.models.notices import Notice
from classroom.models.people import Invitation, Membership, Role, RosterShape, UnprovenAddress
from classroom.models.submissions import Snapshot, Submission, final_of
from classroom.models.test_runs import TestRun
from classroom.models.transfers import Batch, Kind, Transfer

__all__ = [
    "TEACHERS",
    "UNWAIVED",
    "WAIVED",
    "Assignment",
    "Batch",
    "Course",
    "Extension",
    "GradeChange",
    "Invitation",
    "Kind",
    "Membership",
    "Notice",
    "Role",
    "RosterShape",
    "Snapshot",
    "Submission",
    "TestRun",
    "Transfer",
    "UnprovenAddress",
    "final_of",
    "validate_time_zone",
]
