"""The links of the chain that are the site's own: what it is served by, its worker, its mail."""

import smtplib
from collections.abc import Iterator
from datetime import timedelta

import requests
from django.conf import settings
from django.core.mail import get_connection
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_tasks_db.models import DBTaskResult

from classroom.conf import conf as classroom
from classroom.engine import hearts
from classroom.engine.working import work
from embedding.conf import conf
from embedding.services.checking.chain import register
from embedding.services.checking.links import (
    Finding,
    Link,
    World,
    failed,
    ok,
    skipped,
    warning,
)

_SECONDS = 5.0  # for one request to this site, or to its mail server
_LONG = timedelta(minutes=2)  # more than a worker that runs lets a task wait


def headers(world: World) -> Iterator[Finding]:
    """Does this site arrive at browsers as it was sent?"""
    address = f"{world.origin}{reverse('login')}"
    try:
        got = requests.get(address, timeout=_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        yield warning(
            _("This server does not reach its own address %(address)s: %(why)s.")
            % {"address": address, "why": type(error).__name__},
            _("It is not known what browsers get. From where they are it may work."),
            _("Check SITE_URL, and the web server in front of this site."),
        )
        return
    if got.status_code != 200:
        yield failed(
            _("%(address)s answers with HTTP %(status)s.")
            % {"address": address, "status": got.status_code},
            _("The web server in front does not lead to this site, or changes what is asked."),
            _("Check its configuration, BEHIND_PROXY and ALLOWED_HOSTS."),
        )
        return
    policy = got.headers.get("Content-Security-Policy", "")
    wanted = {
        "Content-Security-Policy": f"frame-src {conf().cocalc_origin}" in policy,
        "X-Content-Type-Options": got.headers.get("X-Content-Type-Options") == "nosniff",
        "X-Frame-Options": got.headers.get("X-Frame-Options") == settings.X_FRAME_OPTIONS,
        "Referrer-Policy": got.headers.get("Referrer-Policy") == settings.SECURE_REFERRER_POLICY,
        "Strict-Transport-Security": not settings.SECURE_HSTS_SECONDS
        or "Strict-Transport-Security" in got.headers,
    }
    changed = [name for name, sound in wanted.items() if not sound]
    if changed:
        yield failed(
            _("These headers do not arrive as this site sends them: %(names)s.")
            % {"names": ", ".join(changed)},
            _("Browsers may not show CoCalc in a page, or protect people less than they should."),
            _("Let the web server in front pass on all headers, and add none of these names."),
        )
    else:
        yield ok(_("All headers of this site arrive as they were sent."))


def static_files(world: World) -> Iterator[Finding]:
    """Are scripts and styles there?"""
    address = f"{world.origin}{static('embedding/site.css')}"
    try:
        got = requests.get(address, timeout=_SECONDS, allow_redirects=False)
    except requests.RequestException as error:
        yield skipped(
            _("%(address)s could not be asked for: %(why)s.")
            % {"address": address, "why": type(error).__name__}
        )
        return
    if got.status_code == 200 and got.headers.get("Content-Type", "").startswith("text/css"):
        yield ok(_("Scripts and styles are there (%(address)s).") % {"address": address})
        return
    yield failed(
        _("%(address)s answers with HTTP %(status)s.")
        % {"address": address, "status": got.status_code},
        _("Pages have no style, and their scripts do not run."),
        _("Run “manage.py collectstatic”, and restart the web server."),
    )


def migrations(_world: World) -> Iterator[Finding]:
    """Does the database have all tables as the code wants them?"""
    executor = MigrationExecutor(connection)
    left = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not left:
        yield ok(_("The database is up to date."))
        return
    names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _back in left)
    yield failed(
        _("These migrations have not been made: %(names)s.") % {"names": names},
        _("The site does not fit its database, and some pages fail."),
        _("Run “manage.py migrate”."),
    )


def worker(_world: World) -> Iterator[Finding]:
    """Is there a worker, of this version, and does nothing wait for it?"""
    alive = list(hearts.alive())
    if not alive:
        yield failed(
            _("No worker has said in the last %(seconds)s s that it is alive.")
            % {"seconds": round(hearts.DEAD_AFTER.total_seconds())},
            _("Nothing is handed out, collected or mailed, and access of people who left stays."),
            _("Start “manage.py worker”, and have it started again when the machine does."),
        )
        return
    last = max(one.seen for one in alive)
    yield ok(
        ngettext(
            "%(count)s worker is alive; it said so %(seconds)s s ago.",
            "%(count)s workers are alive; the last said so %(seconds)s s ago.",
            len(alive),
        )
        % {"count": len(alive), "seconds": round((timezone.now() - last).total_seconds())}
    )
    others = sum(one.version != hearts.version() for one in alive)
    if others:
        yield warning(
            ngettext(
                "%(count)s worker runs another version than this site.",
                "%(count)s workers run another version than this site.",
                others,
            )
            % {"count": others},
            _("What it does may not fit what this site asks for."),
            _("Restart the workers, so that all of the site runs the same version."),
        )
    # A worker that is at class steps takes new ones with them, without the task that tells of them.
    tasks = DBTaskResult.objects.ready().exclude(task_path=work.module_path)
    if tasks.filter(enqueued_at__lt=timezone.now() - _LONG).exists():
        yield warning(
            _("A task has waited for more than %(minutes)s minutes.")
            % {"minutes": round(_LONG.total_seconds() / 60)},
            _("The workers have too much to do, or hang. Class steps and mails may wait."),
            _("Check again in a minute. If it stays so, start one more “manage.py worker”."),
        )


def mail(_world: World) -> Iterator[Finding]:
    """Does the mail server let this site in? Nothing is sent."""
    if not classroom().mail:
        yield skipped(
            _("EMAIL_URL is not set: nothing is mailed, and people pass invitations on themselves.")
        )
        return
    server = get_connection(timeout=_SECONDS)
    try:
        server.open()
        server.close()
    except (OSError, smtplib.SMTPException) as error:
        why = getattr(error, "strerror", "") or type(error).__name__
        yield failed(
            _("The mail server does not let this site in: %(why)s.") % {"why": why},
            _("Nobody gets invitations, nor mails for a forgotten password."),
            _("Check EMAIL_URL: its user, password, host and port."),
        )
        return
    yield ok(
        _("The mail server takes mail from this site. Whether it arrives, a message can tell."),
    )


def add() -> None:
    """Add the site's own links to the chain."""
    register(
        Link("migrations", gettext_lazy("The database"), migrations),
        Link("worker", gettext_lazy("The worker"), worker),
        Link("headers", gettext_lazy("This site's own headers"), headers),
        Link("static", gettext_lazy("Scripts and styles"), static_files, ("headers",)),
        Link("mail", gettext_lazy("Mail"), mail),
    )
