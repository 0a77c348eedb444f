"""Why a score of the autograder's is held for a person."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """Add `held`."""

    dependencies = [("classroom", "0002_assignment_approved")]

    operations = [
        migrations.AddField(
            model_name="submission",
            name="held",
            field=models.TextField(
                blank=True,
                help_text="Why the autograder's score is held for a person, in a sentence.",
            ),
        ),
    ]
