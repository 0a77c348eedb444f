"""Comments that the teachers and assistants of a course keep, to use them again.

They are offered by how often they were used: a comment that is saved and holds one of them, where
the comment before did not, has used it.
"""

from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from classroom.models import Course, KeptComment

MOST = 50  # of a course


def kept_of(course: Course) -> list[KeptComment]:
    """Return the kept comments of a course, the most used first."""
    return list(KeptComment.objects.filter(course=course)[:MOST])


def comment_keep(course: Course, text: str) -> str:
    """Keep a comment; return a sentence that says why it was not, empty where it was.

    What is kept already is as good.
    """
    text = text.strip()
    if not text:
        return _("Write a comment to keep it.")
    if len(text) > KeptComment.MOST:
        return _("The comment was not kept: it may have at most %(most)s characters.") % {
            "most": KeptComment.MOST
        }
    kept = KeptComment.objects.filter(course=course)
    if not kept.filter(text=text).exists() and kept.count() >= MOST:
        return _(
            "The comment was not kept: this course has %(most)s already. Remove one first."
        ) % {"most": MOST}
    KeptComment.objects.get_or_create(course=course, text=text)
    return ""


def comment_used(course: Course, before: str, after: str) -> None:
    """Count which kept comments a changed comment has used."""
    used = [each.pk for each in kept_of(course) if each.text in after and each.text not in before]
    if used:
        KeptComment.objects.filter(pk__in=used).update(used=F("used") + 1, last_used=timezone.now())
