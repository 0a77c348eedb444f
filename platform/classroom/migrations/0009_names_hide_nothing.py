"""Names from before: what cannot be seen is taken out of them, as of all that come in now."""

from typing import Any

from django.conf import settings
from django.db import migrations

from embedding.names import tidy

NAMES = (
    (*settings.AUTH_USER_MODEL.split("."), "first_name", "last_name"),
    ("classroom", "Course", "title", "term"),
    ("classroom", "Assignment", "title"),
    ("classroom", "Membership", "number"),
    ("classroom", "Invitation", "first_name", "last_name", "number"),
    ("embedding", "CocalcProject", "title"),
)


def clean(apps: Any, schema_editor: Any) -> None:
    """Change the rows whose names hide something, and no others; a title does not become empty."""
    for app, model, *fields in NAMES:
        rows = apps.get_model(app, model).objects
        for key, *names in list(rows.values_list("pk", *fields)):
            given = dict(zip(fields, names, strict=True))
            tidied = {field: tidy(name) for field, name in given.items()}
            tidied["title"] = tidied.get("title") or given.get("title", "")
            changed = {field: tidied[field] for field in fields if tidied[field] != given[field]}
            if changed:
                rows.filter(pk=key).update(**changed)


class Migration(migrations.Migration):
    """Change no table."""

    dependencies = [
        ("classroom", "0008_unproven_address"),
        ("embedding", "0004_session_seen"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [migrations.RunPython(clean, migrations.RunPython.noop)]
