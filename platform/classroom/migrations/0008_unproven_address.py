"""Addresses that came by an invitation's link: nobody has proven them so far."""

from datetime import timedelta
from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# The account is made in the request that takes the invitation, which may wait for others.
_JUST_BEFORE = timedelta(minutes=5)


def mark(apps: Any, schema_editor: Any) -> None:
    """Mark the users whose account was made by an invitation, and who still have its address."""
    row = apps.get_model("classroom", "UnprovenAddress").objects
    taken = apps.get_model("classroom", "Invitation").objects.filter(accepted_by__isnull=False)
    for invitation in taken.select_related("accepted_by").iterator():
        user = invitation.accepted_by
        just_made = invitation.accepted - _JUST_BEFORE <= user.date_joined <= invitation.accepted
        if just_made and user.email.lower() == invitation.email.lower():
            row.get_or_create(user=user, defaults={"email": user.email.lower()})


class Migration(migrations.Migration):
    """Add the table, and fill it."""

    dependencies = [
        ("classroom", "0007_sections_and_roster_shapes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="UnprovenAddress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(help_text="In small letters.", max_length=254)),
                (
                    "asked",
                    models.DateTimeField(
                        editable=False,
                        help_text="When the last mail to prove it was asked for.",
                        null=True,
                    ),
                ),
                (
                    "mail_error",
                    models.CharField(
                        blank=True,
                        editable=False,
                        help_text="Why that could not be mailed.",
                        max_length=300,
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="unproven_address",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.RunPython(mark, migrations.RunPython.noop),
    ]
