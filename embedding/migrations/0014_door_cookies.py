"""The names of CoCalc's cookies are known to all processes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("embedding", "0013_ending_waits_for")]

    operations = [
        migrations.CreateModel(
            name="DoorCookie",
            fields=[
                (
                    "name",
                    models.CharField(
                        max_length=200, primary_key=True, serialize=False, verbose_name="name"
                    ),
                ),
                ("seen", models.DateTimeField(verbose_name="seen")),
            ],
            options={
                "verbose_name": "cookie of CoCalc’s",
                "verbose_name_plural": "cookies of CoCalc’s",
            },
        ),
    ]
