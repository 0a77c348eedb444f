"""Which e-mail addresses are known to be their users'."""

from django.db.models import Exists, OuterRef
from django.db.models.functions import Lower

from classroom.models import UnprovenAddress


def unproven() -> Exists:
    """Return the condition, for a query of users, that their address is not proven."""
    rows = UnprovenAddress.objects.filter(user=OuterRef("pk"), email=Lower(OuterRef("email")))
    return Exists(rows)
