"""What a returned score was out of, since when work is what it is, and what has no weight."""

from typing import Any

import django.core.validators
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


def as_they_count(apps: Any, schema_editor: Any) -> None:
    """Keep totals as they are: beside a weight, an assignment without one counted nothing."""
    assignments = apps.get_model("classroom", "Assignment").objects
    weighted = assignments.filter(weight__isnull=False, handout=False, removed=None)
    courses = list(weighted.values_list("course", flat=True).distinct())
    assignments.filter(course__in=courses, handout=False, weight=None).update(weight=0)


class Migration(migrations.Migration):
    """Add `returned_points` and `renewed`; weights count as they did."""

    dependencies = [("classroom", "0005_snapshot_finished")]

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
        migrations.AlterField(
            model_name="assignment",
            name="weight",
            field=models.DecimalField(
                blank=True,
                decimal_places=2,
                help_text="Its share in the total: 2 counts twice as much as 1, and 0 nothing. "
                "Without weights, scores are added up. Once there is one, an assignment without a "
                "weight counts with its points.",
                max_digits=8,
                null=True,
                validators=[django.core.validators.MinValueValidator(0)],
            ),
        ),
        migrations.RunPython(of_what, migrations.RunPython.noop),
        migrations.RunPython(as_they_count, migrations.RunPython.noop),
    ]
