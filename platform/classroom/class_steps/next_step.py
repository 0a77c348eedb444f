"""What comes next with an assignment: one step, in words, by where the class stands.

Numbers and states go in, and what the page's one blue button says comes out. What failed comes
first, and does not stand in the way of the rest: that is offered beside it.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from classroom.models import Assignment, Kind

Version = Assignment.Version


class Do(StrEnum):
    """What is to be done; the last two are nothing that a button could do."""

    ADD_STUDENTS = "add-students"
    ADD_FILES = "add-files"
    CHECK_FILES = "check-files"  # its page shows what is wrong with them
    APPROVE = "approve"
    TRY_AGAIN = "try-again"
    HAND_OUT = "hand-out"
    COLLECT = "collect"
    AUTOGRADE = "autograde"
    GRADE = "grade"
    RETURN = "return"
    WAIT = "wait"
    DONE = "done"


# What is a form is sent to the step's own address, with these fields; all else is a link.
FORMS: dict[Do, dict[str, str]] = {
    Do.HAND_OUT: {"kind": Kind.HAND_OUT.value, "who": "missing"},
    Do.COLLECT: {"kind": Kind.COLLECT.value, "who": "missing"},
    Do.RETURN: {"kind": Kind.RETURN.value, "who": "missing"},
    Do.AUTOGRADE: {"who": "untried"},
}


@dataclass(frozen=True, slots=True)
class Failed:
    """The students for whom a step failed the last time it was tried."""

    kind: Kind
    students: int
    reason: str


@dataclass(frozen=True, slots=True)
class ClassState:
    """Where a class stands with one assignment. Moments are texts already; empty: there is none."""

    students: int = 0
    has_it: int = 0
    to_hand_out: int = 0
    to_collect: int = 0
    still_working: int = 0  # who has it, and time left
    to_autograde: int = 0
    to_grade: int = 0
    to_return: int = 0
    returned: int = 0
    handout: bool = False
    version: str = Version.READY
    blocked: str = ""  # why it cannot be handed out
    for_teacher: bool = True  # who looks may change the files; assistants may not
    under_way: bool = False
    goes_out: str = ""  # when, if that is to come
    due: str = ""  # when the next work is collected on its own
    failed: Failed | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step: the button's words, if it has a button, and a sentence beside it."""

    do: Do
    button: str = ""
    said: str = ""
    after: "Step | None" = None  # what can be done all the same
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def is_form(self) -> bool:
        """Whether the button sends a form; else it is a link."""
        return bool(self.fields)


def next_step(state: ClassState) -> Step:
    """Return what comes next."""
    if not state.students:
        return _step(
            Do.ADD_STUDENTS,
            _("Add students") if state.for_teacher else "",
            _("There are no students in this course yet."),
        )
    if state.under_way:
        return Step(Do.WAIT, said=_("You can leave this page. The work goes on without you."))
    if state.failed is None:
        return _usual(state)
    rest = _usual(_without_failed(state, state.failed))
    count = state.failed.students
    words = ngettext("Try again for %(count)s student", "Try again for %(count)s students", count)
    what = {"step": str(state.failed.kind.label), "why": state.failed.reason}
    return Step(
        Do.TRY_AGAIN,
        _for(count, words),
        _("%(step)s failed: %(why)s") % what,
        after=rest if rest.button else None,
        fields={"kind": state.failed.kind.value, "who": "failed"},
    )


def _without_failed(state: ClassState, failed: Failed) -> ClassState:
    """Return where the others stand: for whom it failed, one tries again."""
    name = {
        Kind.HAND_OUT: "to_hand_out",
        Kind.COLLECT: "to_collect",
        Kind.RUN: "to_autograde",
        Kind.RETURN: "to_return",
    }.get(failed.kind)
    if name is None:
        return state
    return replace(state, **{name: max(0, getattr(state, name) - failed.students)})


def _usual(state: ClassState) -> Step:
    """Return what comes next where nothing has failed."""
    if state.to_hand_out:
        return _handing_out(state)
    if state.handout:
        said = ngettext("The student has it.", "All %(count)s students have it.", state.students)
        return Step(Do.DONE, said=_for(state.students, said))
    if state.to_collect:
        words = ngettext(
            "Collect from %(count)s student", "Collect from %(count)s students", state.to_collect
        )
        return _step(Do.COLLECT, _for(state.to_collect, words), _still_working(state))
    if state.to_autograde:
        words = ngettext(
            "Autograde %(count)s student", "Autograde %(count)s students", state.to_autograde
        )
        return _step(Do.AUTOGRADE, _for(state.to_autograde, words), _still_working(state))
    if state.to_grade:
        words = ngettext("Grade %(count)s student", "Grade %(count)s students", state.to_grade)
        return _step(Do.GRADE, _for(state.to_grade, words), _still_working(state))
    if state.to_return:
        words = ngettext(
            "Return to %(count)s student", "Return to %(count)s students", state.to_return
        )
        return _step(Do.RETURN, _for(state.to_return, words), _still_working(state))
    if state.still_working:
        return Step(Do.WAIT, said=_still_working(state))
    if state.returned:
        return Step(Do.DONE, said=_("All done. The graded work was returned to the students."))
    return Step(Do.DONE, said=_("There is nothing to do now."))


def _handing_out(state: ClassState) -> Step:
    """Return what is to be done until all have it: its files come first."""
    if state.blocked:
        said = state.blocked
        if state.goes_out:
            once = _(
                "It is handed out automatically on %(when)s, or as soon as it is ready after that."
            )
            said = f"{said} {once % {'when': state.goes_out}}"  # two sentences
        if state.version == Version.MAKING:
            return Step(Do.WAIT, said=said)
        if not state.for_teacher:
            return Step(Do.WAIT, said=_("%(why)s Ask a teacher to fix it.") % {"why": said})
        if state.version == Version.CHECK:
            return _step(Do.APPROVE, _("Look at the files"), said)
        if state.version in (Version.FAILED, Version.COPYING):
            return _step(Do.CHECK_FILES, _("Look at the files"), said)
        return _step(Do.ADD_FILES, _("Add files"), said)
    if state.goes_out and not state.has_it:
        return Step(
            Do.WAIT,
            said=_("It is handed out automatically on %(when)s.") % {"when": state.goes_out},
        )
    words = ngettext(
        "Hand out to %(count)s student", "Hand out to %(count)s students", state.to_hand_out
    )
    return _step(Do.HAND_OUT, _for(state.to_hand_out, words))


def _still_working(state: ClassState) -> str:
    if not state.still_working or not state.due:
        return ""
    if state.still_working == state.has_it:
        return _("Work is collected automatically on %(when)s.") % {"when": state.due}
    said = ngettext(
        "%(count)s student still has time. The work is collected automatically on %(when)s.",
        "%(count)s students still have time. Their work is collected automatically, the next "
        "on %(when)s.",
        state.still_working,
    )
    return said % {"count": state.still_working, "when": state.due}


def _step(do: Do, button: str, said: str = "") -> Step:
    return Step(do, button, said, fields=FORMS.get(do, {}))


def _for(count: int, words: str) -> str:
    return words % {"count": count}
