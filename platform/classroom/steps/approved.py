"""The sources that scores are given by: the very files that a teacher has approved, and no others.

The assistants of a course may write into its project, by this site and in CoCalc. So the files of
an assignment are written down, by their hashes, when a teacher approves them
(`Assignment.approved`), and are compared with what lies in the folder whenever they decide scores.
What differs is told with who changed it and when, as far as that is known: what is uploaded and
removed on this site is in the audit log; of what was changed in CoCalc itself the file's own time
is known, and who had the course's project open here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import User
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from classroom.models import Assignment
from classroom.rules import manifest
from classroom.rules.leftovers import why_left_out
from classroom.rules.manifest import File
from classroom.rules.source_folder import MADE, OUR_FILES, STUDENT, digest
from classroom.steps import folders
from embedding.client import client
from embedding.cocalc.paths import is_notebook
from embedding.models import EmbedSession, Event
from embedding.names import person_name
from embedding.problems import Problem

SHOWN = 5  # differences that are told
_BY_THE_SITE = (
    "file.uploaded",
    "file.moved",
    "file.deleted",
    "file.restored",
    "course.files_changed",
)
_WHAT_TO_DO = gettext_lazy(
    "Open the assignment's files page, press “Check again”, look at the student version and "
    "approve it. Then autograde again."
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A file that is not as it was approved; `sha256` is empty where it is gone."""

    path: str  # within the assignment's folder
    how: str  # "changed", "added", "removed"
    sha256: str
    saved: float | None = None  # when, in seconds, by the file's own word

    def kept(self) -> list[Any]:
        """Return it as JSON can hold it."""
        return [self.path, self.how, self.sha256, self.saved]


def approved_now(row: Assignment, *, by: str) -> dict[str, Any]:
    """Return what is to be kept as `approved` of an assignment whose files are approved now."""
    return {
        "sources": row.sources,
        "student": row.files if row.has_student_folder else None,
        "questions": row.questions,
        "by": by,
        "at": timezone.now().isoformat(),
    }


def version_of(assignment: Assignment) -> str:
    """Name what is approved, in few characters; empty where nothing is."""
    approved = assignment.approved
    if not approved:
        return ""
    files = [*approved["sources"], *(approved["student"] or [])]
    return digest(files)[:12]


def changed(assignment: Assignment, listed: Iterable[File]) -> list[Difference]:
    """Return what differs in the assignment's folder among the files that scores are given by.

    `listed` is the folder's manifest. Those are the teacher's notebooks, and the files that lie
    beside a student's notebook while it runs.
    """
    approved = assignment.approved
    prefix = f"{STUDENT}/" if assignment.has_student_folder else ""
    wanted = {
        file["path"]: file["sha256"]
        for file in approved["sources"]
        if is_notebook(file["path"]) or not prefix
    }
    if prefix:
        wanted |= {
            prefix + file["path"]: file["sha256"]
            for file in approved["student"] or []
            if not is_notebook(file["path"])
        }
    found = {
        file["path"]: file["sha256"]
        for file in listed
        if _decides(file["path"], prefix) or file["path"] in wanted
    }
    return _differences(wanted, found)


def beside(assignment: Assignment) -> dict[str, str]:
    """Return what lies beside a student's notebook while it runs: hashes by path in `source`."""
    which = "student" if assignment.has_student_folder else "sources"
    files = assignment.approved[which] or []
    return {file["path"]: file["sha256"] for file in files if not is_notebook(file["path"])}


def check(assignment: Assignment, course: str, listed: list[File]) -> None:
    """Raise Problem unless scores may be given by what lies in the folder.

    It says which file differs, who changed it and when, and what to do; the files page says it
    too, until the files are approved anew.
    """
    if not assignment.approved:
        raise Problem(
            "not_approved",
            _("The files of this assignment are not approved, so nothing is graded.")
            + f" {_WHAT_TO_DO}",
            status=409,
        )
    different = changed(assignment, listed)
    different = _with_times(course, assignment, different)
    _remember(assignment, different)
    if different:
        sentences = [*_told(assignment, different)[:2], str(_WHAT_TO_DO)]
        raise Problem("not_approved", " ".join(sentences)[:1000], status=409)


def not_as_approved(assignment: Assignment) -> list[str]:
    """Say what is known to differ from what was approved; nothing of it is asked of CoCalc."""
    approved = assignment.approved
    if not approved:
        return []
    wanted, found = manifest.hashes(approved["sources"]), manifest.hashes(assignment.sources)
    different = _differences(wanted, found)
    if different:
        return _told(assignment, different)
    known = approved.get("found", [])
    # Earlier releases kept sentences.
    sentences = [each for each in known if isinstance(each, str)]
    kept = [Difference(*each) for each in known if isinstance(each, list)]
    return sentences or _told(assignment, kept, more=approved.get("more", 0))


def _told(assignment: Assignment, different: Sequence[Difference], more: int = 0) -> list[str]:
    """Say of each file what became of it, by whom and when; `more` are known by their number."""
    sentences = [_sentence(assignment, each) for each in different[:SHOWN]]
    if more := more + max(0, len(different) - SHOWN):
        sentences.append(
            ngettext("%(count)s more file differs.", "%(count)s more files differ.", more)
            % {"count": more}
        )
    return sentences


def _decides(path: str, prefix: str) -> bool:
    if path in (MADE, *OUR_FILES) or why_left_out(path):
        return False
    inner = path.startswith(f"{STUDENT}/")
    if is_notebook(path):
        return not inner
    return inner if prefix else not inner


def _differences(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[Difference]:
    different = []
    for path in manifest.differing(wanted, found):
        how = "added" if path not in wanted else "changed" if path in found else "removed"
        different.append(Difference(path, how, found.get(path, "")))
    return different


_HOW = {
    "changed": gettext_lazy("“%(path)s” was changed after the files were approved."),
    "added": gettext_lazy("“%(path)s” was added after the files were approved."),
    "removed": gettext_lazy("“%(path)s” was removed after the files were approved."),
}
_WHO = {
    "file.uploaded": gettext_lazy("%(name)s uploaded it on this site (%(time)s)."),
    "file.deleted": gettext_lazy("%(name)s deleted it on this site (%(time)s)."),
    "file.moved": gettext_lazy("%(name)s renamed or moved it on this site (%(time)s)."),
    "file.restored": gettext_lazy("%(name)s restored it from the trash on this site (%(time)s)."),
}


def _sentence(assignment: Assignment, each: Difference) -> str:
    said = [_HOW[each.how] % {"path": each.path}]
    since = _approved_at(assignment)
    event = _event(assignment, each, since)
    if event is not None:
        usual = "file.deleted" if each.how == "removed" else "file.uploaded"
        who = {"name": _name(event.actor), "time": _moment(assignment, event.at)}
        said.append(_WHO.get(event.action, _WHO[usual]) % who)
        return " ".join(said)
    said.append(_("This was done in CoCalc, not on this site."))
    saved = None if each.saved is None else datetime.fromtimestamp(each.saved, UTC)
    if saved is not None:
        said.append(_("The file was last saved: %(time)s.") % {"time": _moment(assignment, saved)})
    if openers := _openers(assignment, since, saved):
        words = _("Since the approval, these people have opened the course's project: %(names)s.")
        said.append(words % {"names": openers})
    return " ".join(said)


def _event(assignment: Assignment, each: Difference, since: datetime) -> Event | None:
    """Return what the audit log has of this difference: the last act that made it."""
    full = f"{assignment.folder}/{each.path}"
    project = str(assignment.course.project.project_id)
    for event in Event.objects.filter(action__in=_BY_THE_SITE, at__gt=since).order_by("-id")[:500]:
        detail = event.detail
        if event.action == "course.files_changed":
            if detail.get("course") == assignment.course_id and any(
                (file.get("path"), file.get("sha256")) == (each.path, each.sha256)
                for file in detail.get("files", [])
                if detail.get("assignment") == assignment.folder
            ):
                return event
            continue
        if detail.get("project") != project:
            continue
        if event.action == "file.uploaded":
            if (detail.get("path"), detail.get("sha256")) == (full, each.sha256):
                return event
            continue
        names = [str(detail.get(key, "")) for key in ("path", "to")]
        if any(name and f"{full}/".startswith(f"{name}/") for name in names):
            return event
    return None


def _openers(assignment: Assignment, since: datetime, until: datetime | None) -> str:
    sessions = EmbedSession.objects.filter(project=assignment.course.project, started__gt=since)
    if until is not None:
        sessions = sessions.filter(started__lte=until)
    names = sorted(set(sessions.order_by().values_list("username", flat=True)))
    shown = pgettext("list", ", ").join(_name(name) for name in names[:5])
    return _("%(names)s and others") % {"names": shown} if len(names) > 5 else shown


def _with_times(course: str, assignment: Assignment, found: list[Difference]) -> list[Difference]:
    """Find out when the files that are told were last saved, by their own word."""
    shown = found[:SHOWN]
    if not shown:
        return []
    names = " ".join(folders.quoted(f"{assignment.folder}/{each.path}") for each in shown)
    script = f'for f in {names}; do stat -c %Y -- "$f" 2>/dev/null || echo -; done'
    output = client().exec(course, script, bash=True, timeout=30, check=False)
    lines = [line.strip() for line in output.stdout.split("\n")]
    timed = [
        replace(each, saved=int(line)) if line.isdecimal() and int(line) < 1 << 33 else each
        for each, line in zip(shown, lines, strict=False)
    ]
    return [*timed, *found[len(timed) :]]


def _remember(assignment: Assignment, different: Sequence[Difference]) -> None:
    """Keep for the files page what was found; one row serves a whole class."""
    found = [each.kept() for each in different[:SHOWN]]
    more = len(different) - len(found)
    if (assignment.approved.get("found", []), assignment.approved.get("more", 0)) == (found, more):
        return
    assignment.approved = assignment.approved | {"found": found, "more": more}
    rows = Assignment.objects.filter(pk=assignment.pk, approved__at=assignment.approved.get("at"))
    rows.update(approved=assignment.approved)


def _approved_at(assignment: Assignment) -> datetime:
    return datetime.fromisoformat(assignment.approved["at"])


def _moment(assignment: Assignment, at: datetime) -> str:
    local = timezone.localtime(at, assignment.course.zone)
    return formats.date_format(local, pgettext("date format", "j F Y, H:i"))


def _name(username: str) -> str:
    user = User.objects.filter(username=username).first()
    return person_name(user) if user else username
