"""Transfers that ended long ago are found by an index, to be deleted."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("classroom", "0027_transfer_request_id")]

    operations = [
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(fields=["ended"], name="transfer_ended"),
        ),
    ]
