"""For load balancers, containers and monitors: is the process there, and can it do its work?

Each answers without a session or a cookie, in English, and tells no secret. CoCalc is not asked:
what is known of it is in the database.
"""

from dataclasses import dataclass

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from classroom.engine import hearts
from embedding.conf import conf as embedding
from embedding.services import state


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 as long as the process serves. Nothing else is looked at."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def health(request: HttpRequest) -> HttpResponse:
    """Answer 200 when the process serves and its database answers."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Answer 200 when the database, its migrations and a worker are as they should be, else 503.

    `degraded` says that something is missing without which most pages go on: such as CoCalc.
    """
    parts = _parts()
    ready = all(part.ok for part in parts.values() if part.needed)
    told = {
        "ready": ready,
        "degraded": not all(part.ok for part in parts.values()),
        "parts": {name: {"ok": part.ok, "says": part.says} for name, part in parts.items()},
    }
    return JsonResponse(told, status=200 if ready else 503)


@dataclass(frozen=True, slots=True)
class _Part:
    ok: bool
    says: str
    needed: bool = True


def _parts() -> dict[str, _Part]:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return {"database": _Part(ok=False, says="does not answer")}
    database = {"database": _Part(ok=True, says="answers")}
    missing = _missing()
    if missing:
        says = f"{missing} not applied: run manage.py migrate"
        return {**database, "migrations": _Part(ok=False, says=says)}
    applied = _Part(ok=True, says="all applied")
    return {**database, "migrations": applied, "worker": _worker(), "cocalc": _cocalc()}


_are_applied = False


def _missing() -> int:
    """Return how many migrations are not applied; once none is, this process asks no more."""
    global _are_applied
    if _are_applied:
        return 0
    executor = MigrationExecutor(connection)
    missing = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    _are_applied = not missing
    return missing


def _worker() -> _Part:
    # Where users sign in to CoCalc themselves there are no class steps: pages need no worker.
    needed = not embedding().own_sign_in
    count = hearts.alive().count()
    says = f"{count} alive" if count else "none alive: start manage.py worker"
    return _Part(ok=count > 0, says=says, needed=needed)


def _cocalc() -> _Part:
    known = state.current()
    if known.is_down:
        says = f"has not answered since {known.since:%Y-%m-%d %H:%M:%S} UTC ({known.cause})"
        return _Part(ok=False, says=says, needed=False)
    says = "answers" if known.state == "up" else "not known: nobody has looked for a while"
    return _Part(ok=True, says=says, needed=False)
