"""When a submission was finished, and when what was collected late came.

What counted goes on counting: of earlier versions a late submission always counted more than one
in time before it.
"""

from typing import Any

from django.db import migrations, models
from django.db.models import Exists, OuterRef


def stay_as_they_are(apps: Any, schema_editor: Any) -> None:
    """Write down what was given up, and when what is late came."""
    snapshots = apps.get_model("classroom", "Snapshot").objects
    submissions = apps.get_model("classroom", "Submission").objects
    later = snapshots.filter(
        submission=OuterRef("submission"), late=True, taken__gt=OuterRef("taken")
    )
    given_up = list(snapshots.filter(Exists(later), late=False).values_list("pk", flat=True))
    for begin in range(0, len(given_up), 500):
        snapshots.filter(pk__in=given_up[begin : begin + 500]).update(given_up=True)
    for row in submissions.filter(late=True, collected__isnull=False).iterator():
        came = row.collected
        if row.collected_from == "submitted":
            late = snapshots.filter(submission=row, late=True, taken__lte=row.collected)
            came = late.order_by("-taken").values_list("taken", flat=True).first() or came
        submissions.filter(pk=row.pk).update(came=came)


class Migration(migrations.Migration):
    """Add `finished`, `given_up` and `came`."""

    dependencies = [
        ("classroom", "0004_transfers_take_turns"),
    ]

    operations = [
        migrations.AddField(
            model_name="snapshot",
            name="finished",
            field=models.DateTimeField(
                help_text="When all of it was here; empty in rows of earlier versions.", null=True
            ),
        ),
        migrations.AddField(
            model_name="snapshot",
            name="given_up",
            field=models.BooleanField(
                default=False,
                help_text="In time, and the student let a late one count instead, having been asked.",
            ),
        ),
        migrations.AlterField(
            model_name="snapshot",
            name="late",
            field=models.BooleanField(default=False, help_text="It was late when it came."),
        ),
        migrations.AlterField(
            model_name="snapshot",
            name="taken",
            field=models.DateTimeField(help_text="When the student pressed."),
        ),
        migrations.AddField(
            model_name="submission",
            name="came",
            field=models.DateTimeField(
                help_text="When what was collected came, if that was late then; else it stays in time.",
                null=True,
            ),
        ),
        migrations.RunPython(stay_as_they_are, migrations.RunPython.noop),
    ]
