"""The form of the grading page: points by question, or one score; and a comment.

It says what its giver has looked at: the last change of the grade (`seen`), the work (`work`), and
the questions with the autograder's scores (`known`). Where one of them is another by the time it is
sent, nothing is saved, and nothing of what was typed is lost.
"""

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.crypto import salted_hmac
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from classroom.models import Submission
from classroom.rules.anonymity import is_hidden
from classroom.rules.questions import Question, Tally, is_from_elsewhere, tally_of, typed, work_name
from classroom.rules.scoring import (
    COMMENT_MOST,
    MOST,
    ByQuestion,
    last_change,
    number,
    number_text,
    score_check,
    score_read,
)
from embedding.names import shown

KNOWN_MOST = 200_000  # characters


@dataclass(frozen=True, slots=True)
class Row:
    """A question as the form shows it."""

    question: Question
    field: forms.BoundField
    heading: str  # the notebook, above its first question where there are several
    hint: str  # beside the field, in words

    @property
    def most(self) -> str:
        """What there is to be had, for people."""
        return number_text(self.question.most)


class GradeForm(forms.Form):
    """A score, or points by question with an adjustment; and a comment."""

    score = forms.CharField(required=False, max_length=30)
    adjustment = forms.CharField(required=False, max_length=30)
    use_sum = forms.BooleanField(required=False)
    comment = forms.CharField(
        required=False, max_length=COMMENT_MOST, strip=False, widget=forms.Textarea
    )
    keep = forms.BooleanField(required=False)
    seen = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    work = forms.CharField(required=False, max_length=40, widget=forms.HiddenInput)
    known = forms.CharField(required=False, max_length=KNOWN_MOST, widget=forms.HiddenInput)

    def __init__(self, work: Submission, data: QueryDict | dict[str, Any] | None = None) -> None:
        self._work = work
        self.tally: Tally = tally_of(work)
        super().__init__(data, initial=self._initial())
        if self.tally.questions:
            del self.fields["score"]
        else:
            del self.fields["adjustment"], self.fields["use_sum"]
        for place, each in enumerate(self.tally.questions):
            self.fields[_field(place)] = forms.CharField(
                required=False,
                max_length=30,
                widget=forms.TextInput(attrs=_attributes(each, place)),
            )
        earlier = number(self.tally.earlier_adjustment) if self.tally.earlier_adjustment else ""
        for name in ("score", "adjustment"):
            if name in self.fields:
                self.fields[name].widget.attrs = {
                    "inputmode": "decimal" if name == "score" else "text",
                    "autocomplete": "off",
                    "aria-describedby": f"{name}-of",
                    "data-earlier": earlier,
                }
        self.fields["comment"].widget.attrs = {"rows": 7}

    @cached_property
    def rows(self) -> list[Row]:
        """The questions with their fields."""
        rows, before = [], ""
        for place, each in enumerate(self.tally.questions):
            heading = each.notebook if each.notebook != before else ""
            rows.append(Row(each, self[_field(place)], heading, _hint(each)))
            before = each.notebook
        return rows

    @property
    def elsewhere(self) -> bool:
        """Whether there is a score that was given as a whole, and differs from the sum."""
        return bool(self.tally.questions) and is_from_elsewhere(self._work, self.tally)

    @property
    def is_earlier(self) -> bool:
        """Whether there are points that a person gave for earlier work."""
        return any(each.earlier is not None for each in self.tally.questions)

    @property
    def is_outdated(self) -> bool:
        """Whether the questions, or the autograder's scores, are others than when it was shown."""
        return bool(self.data.get("known", "") != self._known)

    def renewed(self) -> "GradeForm":
        """Return the form for the questions as they are now, with all that was typed into this."""
        data = {key: str(value) for key, value in self.data.items()} | {"known": self._known}
        before = _read(str(self.data.get("known", "")))
        typed_in = {
            name: data.pop(_field(place), "")
            for place, (name, auto) in enumerate(before)
            if data.get(_field(place), "") != auto
        }
        for place, each in enumerate(self.tally.questions):
            data[_field(place)] = typed_in.get(each.name, number(each.auto))
        return GradeForm(self._work, data)

    def clean_score(self) -> Decimal | None:
        return score_check(self._work.assignment, score_read(self.cleaned_data["score"]))

    def clean_adjustment(self) -> Decimal:
        text = self.cleaned_data["adjustment"].strip().removeprefix("+")
        found = score_read(text) or Decimal()
        if abs(found) > MOST or found != found.quantize(Decimal("0.01")):
            raise ValidationError(_("An adjustment is a number, such as 1 or -0.5."))
        return found

    def clean_comment(self) -> str:
        # Browsers send CR LF; what is kept has one kind of line's end.
        return str(self.cleaned_data["comment"]).replace("\r\n", "\n").rstrip()

    def clean(self) -> dict[str, Any]:
        """Read the points, and form the score by the one rule."""
        if self.tally.questions:
            points = self._points()
            if not self.errors:
                self._sum_up(points)
        return self.cleaned_data

    def _points(self) -> dict[str, Decimal | None]:
        """Return what was typed for each question; None where that is the autograder's."""
        points: dict[str, Decimal | None] = {}
        for place, each in enumerate(self.tally.questions):
            text = self.cleaned_data.get(_field(place), "")
            try:
                value = each.check(score_read(text))
            except ValidationError as error:
                self.add_error(_field(place), error)
                continue
            is_autos = each.auto is not None and value == score_read(number(each.auto))
            points[each.name] = None if is_autos else value
        return points

    def _sum_up(self, points: dict[str, Decimal | None]) -> None:
        work, adjustment = self._work, self.cleaned_data["adjustment"]
        found = typed(work, points, adjustment)
        # A score given as a whole stays until somebody grades by question.
        kept = self.elsewhere and (
            found.total is None
            or (found.given == work.given and not self.cleaned_data.get("use_sum"))
        )
        try:
            score = work.score if kept else score_check(work.assignment, found.total)
        except ValidationError as error:
            below = found.total is not None and found.total < 0
            words = _("This takes away more points than the work has.") if below else error
            self.add_error("adjustment", words)
            return
        self.cleaned_data |= {"score": score, "questions": found}

    @property
    def questions(self) -> ByQuestion | None:
        """What was given by question; None where the assignment has none."""
        return self.cleaned_data.get("questions")

    @property
    def _known(self) -> str:
        if not self.tally.questions:
            return ""
        rows = [[each.name, number(each.most), number(each.auto)] for each in self.tally.questions]
        return json.dumps(rows)

    def _initial(self) -> dict[str, Any]:
        work, last = self._work, last_change(self._work)
        points = {
            _field(place): number(each.score) for place, each in enumerate(self.tally.questions)
        }
        return points | {
            "score": number(work.score),
            "adjustment": number(self.tally.adjustment) if self.tally.adjustment else "",
            "comment": work.comment,
            "seen": last.pk if last else 0,
            "work": work_mark(work),
            "known": self._known,
        }


def work_mark(work: Submission) -> str:
    """Name the work that was looked at; where its name is hidden, not by when it came."""
    name = work_name(work) or "none"
    if not is_hidden(work):
        return name
    return salted_hmac("classroom.grading.work", f"{work.code} {name}").hexdigest()[:40]


def _field(place: int) -> str:
    return f"question-{place}"


def _attributes(question: Question, place: int) -> dict[str, str]:
    words = _("Points for %(question)s, of %(most)s") % {
        "question": shown(question.name),
        "most": number_text(question.most),
    }
    return {
        "inputmode": "decimal",
        "autocomplete": "off",
        "aria-label": words,
        "aria-describedby": f"hint-{place}",
        "data-question": question.name,
        "data-auto": number(question.auto),
        "data-most": number(question.most),
        "data-earlier": number(question.earlier),
    }


def _hint(question: Question) -> str:
    if question.earlier is not None:
        return _("%(points)s given for earlier work") % {"points": number_text(question.earlier)}
    if question.by_hand:
        return _("by hand")
    if question.auto is None:
        return _("not autograded yet")
    if question.given is not None:
        return _("the autograder gave %(points)s") % {"points": number_text(question.auto)}
    return ""


def _read(known: str) -> list[tuple[str, str]]:
    """Return the names and the autograder's scores that a form was shown with."""
    try:
        return [(str(name), str(auto)) for name, _most, auto in json.loads(known)]
    except (ValueError, TypeError, RecursionError):
        return []
