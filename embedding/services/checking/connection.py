"""What answers there, whose key the site has, and whether the site's own settings fit."""

from collections.abc import Iterator

from django.core.checks import ERROR, WARNING, run_checks
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from embedding import which
from embedding.client import client
from embedding.conf import conf
from embedding.models import KEPT
from embedding.problems import said
from embedding.services.checking.links import Finding, Link, World, failed, ok, skipped, warning
from embedding.untranslated import Sentence

MOST_HOMES = 50  # that are looked at


def own_settings(_world: World) -> Iterator[Finding]:
    """What `manage.py check` says."""
    sound = True
    for message in run_checks():
        if message.level < WARNING or message.is_silenced():
            continue
        sound = False
        tell = failed if message.level >= ERROR else warning
        yield tell(f"{message.msg} ({message.id})", "", message.hint or "")
    if sound:
        yield ok(_("“manage.py check” finds nothing wrong."))


def cocalc(_world: World) -> Iterator[Finding]:
    """Which CoCalc it is"""
    found = which.look()
    kind = found.kind
    asked = "; ".join(f"{each.request} → {each.answer}" for each in found.said)
    name = found.customize.site_name if found.customize else ""
    values = {
        "name": f"“{name}”" if name else _("What"),
        "address": conf().api_url,
        "kind": said(Sentence(kind.name)),
    }
    seen = _("%(name)s answers at %(address)s: %(kind)s.") % values
    if found.since:
        seen += " " + _("All that was found is there since %(day)s.") % {"day": found.since}
    seen += f" ({asked})"
    good = found.is_certain if conf().own_sign_in else found.is_spoken
    if good:
        yield ok(seen)
    else:
        yield failed(seen, said(Sentence(kind.why)), said(Sentence(kind.advice)))
    chosen = conf().generation
    if chosen != "auto" and found.is_certain and found.generation != chosen:
        yield warning(
            _("COCALC_GENERATION=%(chosen)s is set, but this is another one.") % {"chosen": chosen},
            _("The site asks CoCalc in a language that it does not speak."),
            _("Leave COCALC_GENERATION out: the site finds out by itself."),
        )


def key(world: World) -> Iterator[Finding]:
    """Whose key is it, and can it sign users in?"""
    identity, organization = world.identity, conf().organization
    values = {"email": identity.email, "organization": organization}
    is_v1 = which.spoken() == "v1"
    if is_v1 or not organization:
        if identity.may_sign_in:
            yield ok(_("The key is %(email)s's, a site admin.") % values)
            return
        yield failed(
            _("The key is %(email)s's, who is no site admin on CoCalc.") % values,
            _("Without that, the site cannot sign its users in. Notebooks cannot be opened."),
            _("Make the account an admin on CoCalc.")
            if is_v1
            else _(
                "Make the account an admin on CoCalc, or an admin of an organization that "
                "COCALC_ORGANIZATION names."
            ),
        )
        return
    if not identity.may_sign_in:
        seen = (
            _("CoCalc has no organization “%(organization)s”.")
            if identity.is_admin
            else _(
                "The key is %(email)s's, and CoCalc has no organization “%(organization)s”, or "
                "the account is no admin of it."
            )
        )
        yield failed(
            seen % values,
            _("Without that, the site cannot sign its users in. Notebooks cannot be opened."),
            _(
                "Create the organization on CoCalc, or correct COCALC_ORGANIZATION, and make the "
                "account an admin of it."
            ),
        )
        return
    yield ok(
        _("The key is %(email)s's, who may make accounts in “%(organization)s” and sign them in.")
        % values
    )
    if identity.is_admin:
        yield warning(
            _("The key is also a site admin's, which is not needed with an organization."),
            _("Whoever finds the key can sign in as anyone on CoCalc."),
            _("Use an account that is only the organization's admin: it is safer."),
        )
    else:
        yield ok(
            _("The key is no site admin's, which is not needed."),
            _("Whoever finds it cannot sign in as anyone but the organization's users."),
        )


def homes(_world: World) -> Iterator[Finding]:
    """Look at the homes of projects that run, and close those that others can read."""
    running = [
        project.project_id
        for project in client().list_projects()
        if project.description.startswith(KEPT) and project.state == "running"
    ][:MOST_HOMES]
    were_open = [project_id for project_id in running if _is_open(project_id)]
    for project_id in were_open:
        client().close_home(project_id)
    are_open = sum(_is_open(project_id) for project_id in were_open)
    if not running:
        yield skipped(_("No project of this site is running, so none was looked into."))
        return
    values = {"running": len(running), "were": len(were_open), "open": are_open}
    if not are_open:
        seen = _("No other project can read the files of the %(running)s running projects.")
        if were_open:
            seen += " " + _("%(were)s could be read until now.")
        yield ok(seen % values)
        return
    yield failed(
        _("Other projects can read the files of %(open)s of %(running)s running projects.")
        % values,
        _(
            "From a student's project the hidden tests of a course and everybody's collected work "
            "could be read. This site could not change that (chmod 700 of the project's home)."
        ),
        _("Ask whoever runs CoCalc."),
    )


def _is_open(project_id: str) -> bool:
    """Whether other users of the machine that the project runs on may look into its home."""
    mode = client().exec(project_id, "stat", ["-c", "%a", "."]).stdout.strip()
    return not mode.endswith("00")


SETTINGS = Link("settings", gettext_lazy("The site's settings"), own_settings)
LINKS = (
    Link("cocalc", gettext_lazy("Which CoCalc it is"), cocalc, ("tcp", "tls")),
    Link("key", gettext_lazy("The key"), key, ("cocalc",), needs_key=True),
)
HOMES = Link(
    "homes", gettext_lazy("Projects are closed to each other"), homes, ("key",), needs_key=True
)
