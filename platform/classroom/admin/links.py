"""From a row to what it is about (course, assignment, student), and who did it."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from classroom.models import Assignment, Course, Membership
from embedding.names import person_name


def to(row: Model, words: str = "") -> SafeString:
    """Return a link to a row's own page in the administration; it is called as the row is."""
    meta = row._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, words or str(row))


def to_person(user: User) -> SafeString:
    """Return a link to all that is known of a user."""
    try:
        address = reverse("admin:person", args=[user.pk])
    except NoReverseMatch:
        address = reverse("admin:auth_user_change", args=[user.pk])
    return format_html('<a href="{}">{}</a>', address, person_name(user))


def to_list(model: type[Model], words: str, **query: Any) -> SafeString:
    """Return a link to the rows of a list that a filter leaves."""
    meta = model._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist")
    return format_html('<a href="{}?{}">{}</a>', address, urlencode(query), words)


def path(
    course: Course, assignment: Assignment | None = None, student: Membership | None = None
) -> SafeString:
    """Say where something belongs, each part a link."""
    parts = [to(course)]
    if assignment:
        parts.append(to(assignment, assignment.title))
    if student:
        parts.append(to_person(student.user))
    return join(parts, " › ")  # noqa: RUF001  as the pages write it


def join(parts: Iterable[SafeString], between: str = ", ") -> SafeString:
    """Put links in a row."""
    return format_html_join(between, "{}", ((part,) for part in parts))
