"""What the workers do about notices now and then: tell what a moment brings, and forget the old."""

from datetime import datetime, timedelta

from django.utils import timezone

from classroom.models import Letter, Notice
from classroom.notices.failures import failures_tell
from classroom.notices.reminding import due_soon_tell
from embedding.services.keeping import Stop, never, rows_prune

READ_KEPT = timedelta(days=90)
KEPT = timedelta(days=365)  # of who never looks
LETTERS_KEPT = timedelta(days=90)


def tell_what_came(now: datetime | None = None) -> None:
    """Tell what failed, and what will soon be due."""
    now = now or timezone.now()
    failures_tell(now)
    due_soon_tell(now)


def forget(now: datetime | None = None, stop: Stop = never) -> None:
    """Delete notices and mails that nobody looks at any more."""
    now = now or timezone.now()
    read = Notice.objects.filter(read__isnull=False, created__lt=now - READ_KEPT)
    rows_prune(read.order_by("pk"), stop)
    rows_prune(Notice.objects.filter(read=None, created__lt=now - KEPT).order_by("pk"), stop)
    rows_prune(Letter.objects.filter(created__lt=now - LETTERS_KEPT).order_by("pk"), stop)
