"""The files that scores are given by, as they were approved.

What is ready was approved with the very hashes that are kept; all else is to be approved first.
"""

from typing import Any

from django.db import migrations, models
from django.utils import timezone


def ready_is_approved(apps: Any, schema_editor: Any) -> None:
    """Keep the files of what is ready; who approved them then is in the audit log."""
    for row in apps.get_model("classroom", "Assignment").objects.filter(version="ready"):
        row.approved = {
            "sources": row.sources,
            "student": row.files if row.has_student_folder else None,
            "by": "",
            "at": timezone.now().isoformat(),
        }
        row.save(update_fields=["approved"])


class Migration(migrations.Migration):
    """Add `approved`."""

    dependencies = [("classroom", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="assignment",
            name="approved",
            field=models.JSONField(default=dict, editable=False),
        ),
        migrations.RunPython(ready_is_approved, migrations.RunPython.noop),
    ]
