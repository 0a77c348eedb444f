"""What the site knows of its courses: people, assignments, work, and the steps that move it.

One file a subject; all others import from here. Nothing here is CoCalc's: projects, accounts and
who may open what are `embedding`'s.
"""

from classroom.models.assignments import Assignment, Extension
from classroom.models.courses import TEACHERS, Course, validate_time_zone
from classroom.models.grades import UNWAIVED, WAIVED, GradeChange, KeptComment
from classroom.models.looks import Look
from classroom.models.notices import Letter, MailChoice, Notice
from classroom.models.people import Invitation, Membership, Role, RosterShape, UnprovenAddress
from classroom.models.profile import Profile
from classroom.models.sections import (
    Accommodation,
    SectionAssistant,
    SectionDates,
    section_key,
)
from classroom.models.submissions import Snapshot, Submission, final_of
from classroom.models.test_runs import TestRun
from classroom.models.transfers import Batch, Kind, Transfer
from classroom.models.workers import WorkerHeart

__all__ = [
    "TEACHERS",
    "UNWAIVED",
    "WAIVED",
    "Accommodation",
    "Assignment",
    "Batch",
    "Course",
    "Extension",
    "GradeChange",
    "Invitation",
    "KeptComment",
    "Kind",
    "Letter",
    "Look",
    "MailChoice",
    "Membership",
    "Notice",
    "Profile",
    "Role",
    "RosterShape",
    "SectionAssistant",
    "SectionDates",
    "Snapshot",
    "Submission",
    "TestRun",
    "Transfer",
    "UnprovenAddress",
    "WorkerHeart",
    "final_of",
    "section_key",
    "validate_time_zone",
]
