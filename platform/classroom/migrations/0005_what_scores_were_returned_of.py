"""What a returned score was out of, and since when the collected work is what it is."""

from typing import Any

from django.db import migrations, models


def of_what(apps: Any, schema_editor: Any) -> None:
    """What was returned until now was out of the points as they are."""
    assignments, submissions = (
        apps.get_model("classroom", name) for name in ("Assignment", "Submission")
    )
    points = assignments.objects.filter(pk=models.OuterRef("assignment")).values("points")
    submissions.objects.filter(returned__isnull=False).update(
        returned_points=models.Subquery(points)
    )


class Migration(migrations.Migration):
    """Add `returned_points` and `renewed`."""

    dependencies = [("classroom", "0004_transfers_take_turns")]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="returned_points",
            field=models.DecimalField(
                decimal_places=2,
                help_text="What that score was out of: the points may change later, too.",
                max_digits=8,
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="submission",
            name="renewed",
            field=models.DateTimeField(
                help_text="When something else was collected than the time before.", null=True
            ),
        ),
        migrations.RunPython(of_what, migrations.RunPython.noop),
    ]
