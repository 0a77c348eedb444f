"""The sentences of the classroom's events, and what their places are."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from classroom.models import Course
from embedding.services.sentences import Link, place, tell

if TYPE_CHECKING:
    from embedding.services.sentences import Text

_LOOKS: "dict[str, Text]" = {
    "course.looked_into": _("%(actor)s began to look into “%(target)s”: %(reason)s"),
    "course.look_ended": _("%(actor)s stopped looking into “%(target)s”."),
    "course.people_seen": _("%(actor)s looked at the people of “%(target)s”."),
    "course.standing_seen": _("%(actor)s looked at where each student stands in “%(target)s”."),
    "course.step_seen": _("%(actor)s looked at how a class step of “%(target)s” went."),
    "course.sources_listed": _(
        "%(actor)s looked at the course’s files in “%(folder)s”, for “%(target)s”."
    ),
    "course.accommodations_seen": (
        _("%(actor)s looked at how much longer %(whom)s always has in “%(target)s”."),
        _("%(actor)s looked at who always has more time in “%(target)s”."),
    ),
    "course.longer_seen": (
        _("%(actor)s looked at the extension of %(whom)s for “%(target)s”."),
        _("%(actor)s looked at the extensions for “%(target)s”."),
    ),
    "course.work_seen": _("%(actor)s looked at the work of %(whom)s for “%(target)s”."),
    "course.work_downloaded": (
        _("%(actor)s downloaded work of %(whom)s for “%(target)s”."),
        _("%(actor)s downloaded all work that was collected for “%(assignment)s” (“%(target)s”)."),
    ),
    "course.grades_seen": _("%(actor)s looked at the grades of “%(target)s”."),
    "course.grades_exported": _("%(actor)s exported the grades of “%(target)s”."),
    "course.statistics_seen": _("%(actor)s looked at the statistics of “%(target)s”."),
    "course.works_seen": _("%(actor)s looked at the list of works for “%(target)s”."),
    "course.grading_seen": _("%(actor)s opened the grading page of %(whom)s for “%(target)s”."),
    "course.run_seen": _("%(actor)s looked at how a run in “%(target)s” went."),
    "course.output_seen": _("%(actor)s looked at what a run for %(whom)s in “%(target)s” printed."),
}

_GRADING: "dict[str, Text]" = {
    "course.graded": _("%(actor)s graded the work of %(whom)s for “%(target)s”."),
    "course.grades_imported": _("%(actor)s imported grades into “%(target)s” (%(grades)s)."),
    "course.scores_rescaled": _(
        "%(actor)s changed the points of “%(assignment)s” in “%(target)s” from %(was)s to "
        "%(points)s, and with them all scores."
    ),
    "course.penalty_waived": _("%(actor)s waived the late penalty of %(whom)s for “%(target)s”."),
    "course.penalty_charged": _(
        "%(actor)s let the late penalty of %(whom)s for “%(target)s” count again."
    ),
    "course.look_answered": _(
        "%(actor)s answered %(whom)s, who had asked for another look at “%(target)s”."
    ),
    "course.names_hidden": _(
        "%(actor)s changed whether names are hidden while grading “%(assignment)s” in “%(target)s”."
    ),
}

_STEPS: "dict[str, Text]" = {
    "course.prepare": _("%(actor)s prepared projects of “%(target)s”."),
    "course.prepared_again": _("%(actor)s had CoCalc prepared again for %(whom)s."),
    "course.version": _("%(actor)s had the student version of “%(target)s” made."),
    "course.hand_out": _("%(actor)s handed out “%(target)s” to students (%(students)s)."),
    "course.due_date": _("%(actor)s wrote the due date of “%(target)s” into students’ projects."),
    "course.submit": _("%(actor)s submitted “%(target)s”."),
    "course.collect": _("%(actor)s collected “%(target)s” from students (%(students)s)."),
    "course.test": _("%(actor)s had submitted work for “%(target)s” tested."),
    "course.return": (
        _("%(actor)s returned “%(target)s” to %(whom)s."),
        _("%(actor)s returned “%(target)s” to students (%(students)s)."),
    ),
    "course.run": _("%(actor)s had something run in students’ projects of “%(target)s”."),
    "course.command_run": (
        _("%(actor)s ran a command in the project of %(whom)s in “%(target)s”."),
        _("%(actor)s ran a command in students’ projects of “%(target)s” (%(students)s)."),
    ),
    "course.autograded": (
        _("%(actor)s had the work of %(whom)s for “%(target)s” autograded."),
        _("%(actor)s had works for “%(target)s” autograded (%(students)s)."),
    ),
    "course.run_again": (
        _("%(actor)s tried a run again for %(whom)s in “%(target)s”."),
        _("%(actor)s tried a run again for those for whom it had failed in “%(target)s”."),
    ),
    "course.bring": _("%(actor)s had the files of “%(target)s” copied from an earlier course."),
    "course.start": _("%(actor)s started the students’ projects of “%(target)s” (%(students)s)."),
    "course.stop": _("%(actor)s stopped the students’ projects of “%(target)s” (%(students)s)."),
    "course.expel": _("%(actor)s had people taken out of the projects of “%(target)s”."),
    "course.delete": _("%(actor)s had the course “%(target)s” deleted."),
}

_COURSES: "dict[str, Text]" = {
    "course.created": _("%(actor)s created the course “%(target)s”."),
    "course.copied": _("%(actor)s created the course “%(target)s” as a copy of an earlier one."),
    "course.changed": _("%(actor)s changed the settings of “%(target)s” (%(fields)s)."),
    "course.archived": _("%(actor)s archived the course “%(target)s”."),
    "course.brought_back": _("%(actor)s restored the course “%(target)s”."),
    "course.delete_asked": _("%(actor)s asked for the course “%(target)s” to be deleted."),
    "course.deleted": _("The course “%(target)s” was deleted. %(actor)s had asked for it."),
    "course.assignment_created": _("%(actor)s created “%(assignment)s” in “%(target)s”."),
    "course.assignment_removed": _("%(actor)s removed “%(assignment)s” from “%(target)s”."),
    "course.assignment_restored": _("%(actor)s restored “%(assignment)s” in “%(target)s”."),
    "course.due_changed": _("%(actor)s changed when “%(assignment)s” in “%(target)s” is due."),
    "course.version_approved": _(
        "%(actor)s approved the student version of “%(assignment)s” in “%(target)s”."
    ),
    "course.files_changed": _("%(actor)s changed files of “%(assignment)s” in “%(target)s”."),
    "course.files_found": _("%(actor)s found changed files of “%(assignment)s” in “%(target)s”."),
    "course.section_dates": _(
        "%(actor)s changed the dates of the section “%(section)s” for “%(assignment)s” in "
        "“%(target)s”."
    ),
    "course.section_renamed": _(
        "%(actor)s renamed the section “%(before)s” in “%(target)s” to “%(section)s”."
    ),
}

_PEOPLE: "dict[str, Text]" = {
    "course.member_added": _("%(actor)s added a person to a course: %(target)s."),
    "course.member_restored": _("%(actor)s let a person into a course again: %(target)s."),
    "course.member_removed": _("%(actor)s removed a person from a course: %(target)s."),
    "course.role_changed": _("%(actor)s changed the role of a person to “%(role)s”: %(target)s."),
    "course.section_changed": _(
        "%(actor)s moved a person from the section “%(before)s” to “%(section)s”: %(target)s."
    ),
    "course.assistant_sections": _(
        "%(actor)s changed which sections an assistant looks after: %(target)s."
    ),
    "course.accommodation_set": _("%(actor)s let %(whom)s always have more time in “%(target)s”."),
    "course.accommodation_ended": _(
        "%(actor)s ended that %(whom)s always has more time in “%(target)s”."
    ),
    "course.extension_given": _(
        "%(actor)s gave %(whom)s more time for “%(assignment)s” in “%(target)s”, until %(due)s."
    ),
    "course.extension_removed": _(
        "%(actor)s took back the extension of %(whom)s for “%(assignment)s” in “%(target)s”."
    ),
    "course.invited": _("%(actor)s invited a person: %(target)s."),
    "course.invitation_renewed": _("%(actor)s renewed an invitation: %(target)s."),
    "course.invitation_cancelled": _("%(actor)s cancelled an invitation: %(target)s."),
    "course.invitation_links_taken": _(
        "%(actor)s downloaded the links of all open invitations to “%(target)s” (%(links)s)."
    ),
    "course.join_link_renewed": _("%(actor)s made a new link to join “%(target)s”."),
    "course.join_link_closed": _("%(actor)s closed the link to join “%(target)s”."),
    "course.address_of_two": _(
        "%(actor)s joined a course with the e-mail address of %(whom)s: %(target)s."
    ),
}

_ACCOUNTS: "dict[str, Text]" = {
    "sign_in.failed": (
        _("Somebody entered a wrong password for %(whom)s, from %(address)s."),
        _("Somebody tried to sign in with a user name that does not exist, from %(address)s."),
    ),
    "sign_in.throttled": (
        _("Signing in as %(whom)s was stopped after too many wrong passwords, from %(address)s."),
        _("Signing in was stopped after too many wrong passwords, from %(address)s."),
    ),
    "password.reset_asked": (
        _("Somebody asked for a mail to choose a new password, for %(whom)s."),
        _("Somebody asked for a mail to choose a new password: %(target)s."),
    ),
    "password.reset": _("%(actor)s chose a new password, with the link of a mail."),
    "user.name_changed": _(
        "%(actor)s changed the name of %(whom)s from “%(before)s” to “%(after)s”."
    ),
    "user.address_changed": _("%(actor)s changed the e-mail address of %(whom)s."),
    "user.address_proven": _("The e-mail address of %(whom)s was confirmed."),
    "user.address_taken_back": _(
        "%(whom)s lost an e-mail address that somebody else confirmed as theirs."
    ),
    "user.calendar_renewed": _("%(actor)s made a new address for their calendar."),
    "user.invited": _("%(actor)s invited %(whom)s to choose a first password."),
    "user.link_taken": _("%(actor)s took the link for %(whom)s’s first password."),
    "users.exported": _("%(actor)s exported a list of %(count)s users."),
    "user.created_by_invitation": _("%(whom)s took an invitation and got an account."),
}


def register() -> None:
    """Make them known."""
    tell("looks", _("Looks at people’s work"), _LOOKS)
    tell("grading", _("Grading"), _GRADING)
    tell("steps", _("Class steps"), _STEPS)
    tell("courses", _("Courses and assignments"), _COURSES)
    tell("people", _("People of a course"), _PEOPLE)
    tell("accounts", _("Sign-in and own accounts"), _ACCOUNTS)
    place("course", _courses)


def _courses(keys: Collection[str]) -> dict[str, Link]:
    wanted = [key for key in keys if key.isdecimal() and len(key) < 18]
    return {
        str(course.pk): Link(
            str(course), reverse("admin:classroom_course_change", args=[course.pk])
        )
        for course in Course.objects.filter(pk__in=wanted)
    }
