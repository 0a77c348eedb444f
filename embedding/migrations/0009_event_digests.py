from typing import Any

from django.db import migrations

from embedding import seals

BATCH = 1000


def fill(apps: Any, schema_editor: Any) -> None:
    """Say of old events whom and where they were about, and make their digests."""
    events = apps.get_model("embedding", "Event")._base_manager.using(
        schema_editor.connection.alias
    )
    last = 0
    while rows := list(events.filter(pk__gt=last).order_by("pk")[:BATCH]):
        last = rows[-1].pk
        missing = [row for row in rows if not row.digest]  # it may have been stopped half-way
        for row in missing:
            detail = row.detail if isinstance(row.detail, dict) else {}
            names = (detail.get(name) for name in ("user", "student"))
            row.whom = next((name[:150] for name in names if isinstance(name, str)), "")
            course = detail.get("course")
            row.place = f"course:{course}" if isinstance(course, int) else ""
            row.digest = seals.code(seals.said(row))
        events.bulk_update(missing, ("whom", "place", "digest"), batch_size=200)


class Migration(migrations.Migration):
    atomic = False  # a batch at a time, so that nobody waits for all of them

    dependencies = [("embedding", "0008_event_chain")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop, elidable=True)]
