"""Export: a zip of all that the site holds about a person, and what each file is."""

import io
import json
import tempfile
import zipfile
from collections.abc import Iterator
from typing import IO, Any

from django.contrib.auth.models import User
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Field, ForeignKey, Model
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from administration.people.acts import CHANGE, actor_of, only_who_may_act
from administration.people.held import HELD, Held
from classroom.models import Assignment, Course
from embedding.models import CocalcProject, Event
from embedding.names import person_name

EXPORTED = "user.exported"

_NAMED = (User, Course, Assignment, CocalcProject)  # what a number stands for is said beside it
_ROWS = 500  # in memory at a time


@only_who_may_act(CHANGE)
@require_POST
def export(request: HttpRequest, person: User) -> HttpResponseBase:
    """Answer with the zip. It is made in a file that no name leads to, and is an event."""
    made: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  the answer closes it
    try:
        counts = zip_write(made, person)
    except BaseException:
        made.close()
        raise
    made.seek(0)
    name = person.get_username()
    Event.log(EXPORTED, name, actor=actor_of(request).get_username(), user=name, rows=counts)
    day = f"{timezone.localtime():%Y-%m-%d}"
    filename = f"{slugify(name) or 'person'}-{person.pk}-{day}.zip"
    return FileResponse(made, as_attachment=True, filename=filename, content_type="application/zip")


def zip_write(target: IO[bytes], person: User) -> int:
    """Write the zip into a file, a few rows at a time; return how many rows it holds."""
    total = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        lines = []
        for held in HELD:
            with archive.open(held.file, "w") as binary:
                count = _rows_write(binary, held, person)
            total += count
            lines.append(f"{held.file} ({count})\n    {held.words}\n")
        archive.writestr("README.txt", f"{_introduction(person)}\n\n{''.join(lines)}")
    return total


def _rows_write(binary: IO[bytes], held: Held, person: User) -> int:
    count = 0
    text = io.TextIOWrapper(binary, encoding="utf-8", write_through=True)
    text.write("[")
    for row in _rows(held, person):
        text.write(",\n" if count else "\n")
        json.dump(row, text, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
        count += 1
    text.write("\n]\n")
    text.detach()
    return count


def _rows(held: Held, person: User) -> Iterator[dict[str, Any]]:
    fields: list[Field[Any, Any]] = [
        field
        for field in held.model._meta.concrete_fields
        if (field.name in held.only if held.only else field.name not in held.without)
    ]
    named = [field.name for field in fields if _is_named(field)]
    rows = held.rows(person).select_related(*named) if named else held.rows(person)
    for row in rows.order_by("pk").iterator(chunk_size=_ROWS):
        said = {field.name: _value(row, field) for field in fields}
        if isinstance(row, User):
            said["groups"] = [group.name for group in row.groups.all()]
            said["permissions"] = [str(one) for one in row.user_permissions.all()]
        yield said


def _is_named(field: "Field[Any, Any]") -> bool:
    return isinstance(field, ForeignKey) and issubclass(field.related_model, _NAMED)


def _value(row: Model, field: "Field[Any, Any]") -> Any:
    value = getattr(row, field.attname)
    if value is None or not _is_named(field):
        return value
    other = getattr(row, field.name)
    said = {"id": value, "name": str(other)}
    if isinstance(other, CocalcProject):
        said |= {"project_id": other.project_id, "for": other.slot}
    return said


def _introduction(person: User) -> str:
    return _(
        "This is all that this site holds about %(name)s (user name: %(user)s), as of "
        "%(day)s.\n\n"
        "Each file is a list of rows as JSON, with their number after its name here. A row "
        "with a number such as “submission” belongs to the row with this “id” in the file "
        "of that name (submission: work.json; student and member: courses.json).\n\n"
        "Not in it are passwords and links that let somebody in. The person’s own files are "
        "not in it either: they lie on CoCalc, in the projects that projects.json names. "
        "What was submitted and collected lies in the projects of the courses."
    ) % {
        "name": person_name(person),
        "user": person.get_username(),
        "day": f"{timezone.localtime():%Y-%m-%d}",
    }
