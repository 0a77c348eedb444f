"""`manage.py check_cocalc`: what an administrator has to know of the connection, line by line."""

from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from embedding import which
from embedding.client import client, sign_in
from embedding.cocalc.client import Identity
from embedding.cocalc.customize import Customize, own_address
from embedding.cocalc.errors import CocalcError
from embedding.cocalc.generations import Found
from embedding.cocalc.sites import is_same_site
from embedding.conf import conf
from embedding.door import POLICY
from embedding.models import KEPT
from embedding.problems import of_cocalc

LIMIT = 10  # seconds
MOST_HOMES = 50  # that are looked at
CLOSED = "Notebooks cannot be opened like this."


class Command(BaseCommand):
    """Ask CoCalc, with the settings as they are, whether all is in place."""

    help = "Says which CoCalc answers, whether the key will do, and this site is known there."

    def handle(self, *args: Any, **options: Any) -> None:
        found = which.look().found
        self.generation(found)
        if conf().own_sign_in:
            self.own(found)
            return
        try:
            identity = client().identify()
            way = sign_in()
        except CocalcError as error:
            raise CommandError(f"{of_cocalc(error).message}\n({error})") from None
        self.key(identity)
        if way == "door":
            self.door()
        elif way == "impersonate":
            self.stdout.write("Browsers sign in at CoCalc's /auth/impersonate, before the file's.")
            self.two_steps(found.customize)
        else:
            self.stdout.write("Browsers sign in by the address of the file.")
        if found.customize:
            self.channel(found.customize)
        self.homes()
        if not identity.may_sign_in:
            raise CommandError(CLOSED)

    def generation(self, found: Found) -> None:
        """Say which it is, what was asked, and where it is another one than is set."""
        kind = found.kind
        name = f"“{found.customize.site_name}”" if found.customize else "What"
        since = f" All that was found is there since {found.since}." if found.since else ""
        self.say(
            found.is_spoken,
            f"{name} answers at {conf().api_url}: {kind.name}.{since}",
            f"{name} answers at {conf().api_url}: {kind.name}. {kind.why} {kind.advice}",
        )
        for said in found.said:
            self.stdout.write(f"    {said.request} → {said.answer}")
        chosen = conf().generation
        if chosen != "auto" and found.is_certain and found.generation != chosen:
            self.say(
                False,
                "",
                f"COCALC_GENERATION={chosen} is set, but this is another one. Leave it out: the "
                "site finds out by itself.",
            )

    def own(self, found: Found) -> None:
        """Say what holds where users sign in to CoCalc themselves."""
        self.stdout.write(
            "Users sign in to CoCalc themselves (COCALC_SIGN_IN=own): nothing is made there, and "
            "what needs a key is off."
        )
        if found.customize:
            self.cookie(found.customize)
            self.channel(found.customize)
        if not found.is_certain:
            raise CommandError(CLOSED)

    def key(self, identity: Identity) -> None:
        """Say whose key it is, and whether it can sign users in."""
        whose, organization = f"The key is {identity.email}'s", conf().organization
        if which.spoken() == "v1" or not organization:
            self.say(
                identity.may_sign_in,
                f"{whose}, a site admin.",
                f"{whose}, who is no site admin on CoCalc: without that, the site cannot sign its "
                "users in. Make the account an admin there"
                + (
                    "."
                    if which.spoken() == "v1"
                    else ", or an admin of an organization that COCALC_ORGANIZATION names."
                ),
            )
            return
        self.say(
            identity.may_sign_in,
            f"{whose}, who may make accounts in “{organization}” and sign them in.",
            f"CoCalc has no organization “{organization}”. Create it there, or correct "
            "COCALC_ORGANIZATION."
            if identity.is_admin
            else f"{whose}, and CoCalc has no organization “{organization}”, or the account is no "
            "admin of it. Create it, or make the account its admin there.",
        )
        self.say(
            not identity.is_admin,
            "The key is no site admin's, which is not needed: whoever finds it cannot sign in as "
            "anyone but the organization's users.",
            "The key is also a site admin's, which is not needed with an organization. An account "
            "that is only the organization's admin is safer.",
        )

    def door(self) -> None:
        """Say whether the web server in front of CoCalc passes the door's location to this site."""
        address = f"{conf().cocalc_origin}{conf().door}"
        try:
            answer = requests.get(address, timeout=LIMIT, allow_redirects=False)
            is_there = answer.headers.get("Content-Security-Policy") == POLICY
            found = f"HTTP {answer.status_code}"
        except requests.RequestException as error:
            is_there, found = False, f"no answer: {type(error).__name__}"
        self.say(
            is_there,
            f"Browsers sign in at {address}, which leads to this site.",
            f"Browsers are to sign in at {address}, but that does not lead to this site ({found}). "
            "Let the web server in front of CoCalc pass it on, or leave out COCALC_DOOR.",
        )

    def two_steps(self, setup: Customize | None) -> None:
        """Say whether the address that CoCalc leads to after signing in is the one that we know."""
        try:
            told = own_address(conf().api_url)
        except CocalcError as error:
            self.say(False, "", f"CoCalc does not tell its setting “dns”: {error}")
        else:
            host = urlsplit(conf().cocalc_url).netloc
            self.say(
                urlsplit(told).netloc == host,
                f"CoCalc's setting “dns” is {host}.",
                f"CoCalc's setting “dns” is {urlsplit(told).netloc or 'empty'}, but browsers find "
                f"it at {conf().cocalc_url}: CoCalc's address for signing in leads astray. Set "
                f"“dns” to {host} in CoCalc's site settings, and restart CoCalc's server.",
            )
        if setup:
            self.cookie(setup)

    def cookie(self, setup: Customize) -> None:
        """Say where CoCalc's sign-in cookie reaches a frame."""
        origin, _host = self.site()
        samesite = setup.samesite
        if not samesite or not origin:
            return
        near = is_same_site(origin, conf().cocalc_url)
        self.say(
            near,
            f"CoCalc's sign-in cookie is “{samesite}”, and both sites are under one domain.",
            f"CoCalc's sign-in cookie is “{samesite}” (samesite_remember_me), and this site is "
            "under another domain than CoCalc: browsers keep the cookie from the frame. Give "
            "both names under one domain, such as learn.example.edu and cocalc.example.edu.",
        )

    def channel(self, setup: Customize) -> None:
        """Say whether CoCalc's page answers this site's messages."""
        origin, host = self.site()
        if not origin:
            return
        channel = setup.channel(origin)
        self.say(
            channel == "open",
            f"CoCalc answers messages of {origin}.",
            f"CoCalc does not answer messages of {origin}, so switching files reloads the "
            "frame. All else works. "
            + (
                f"Add {host} to its setting “iframe_comm_hosts”."
                if channel == "unlisted"
                else "It answers only sites on https and port 443, whatever its setting "
                f"“iframe_comm_hosts” says: this site would have to be at https://{host}."
            ),
        )

    def homes(self) -> None:
        """Look at the homes of projects that run, and close those that others can read."""
        try:
            running = [
                project.project_id
                for project in client().list_projects()
                if project.description.startswith(KEPT) and project.state == "running"
            ][:MOST_HOMES]
            were_open = [project_id for project_id in running if self.is_open(project_id)]
            for project_id in were_open:
                client().close_home(project_id)
            are_open = sum(self.is_open(project_id) for project_id in were_open)
        except CocalcError as error:
            self.say(False, "", f"The homes of the projects could not be looked at: {error}")
            return
        if not running:
            self.stdout.write("No project of this site is running, so none was looked into.")
            return
        many = f"{len(running)} running project{'s' if len(running) > 1 else ''}"
        note = f" ({len(were_open)} could be read until now)" if were_open else ""
        self.say(
            not are_open,
            f"The files of {many} can be read by no other project{note}.",
            f"The files of {are_open} of {many} can be read by other projects: from a student's "
            "project the hidden tests of a course and everybody's collected work could be read. "
            "This site could not change that (chmod 700 of the project's home). Ask whoever runs "
            "CoCalc.",
        )

    def is_open(self, project_id: str) -> bool:
        """Whether other users of the machine that the project runs on may look into its home."""
        mode = client().exec(project_id, "stat", ["-c", "%a", "."]).stdout.strip()
        return not mode.endswith("00")

    def say(self, good: bool, yes: str, no: str = "") -> None:
        """Write one line."""
        if good:
            self.stdout.write(self.style.SUCCESS(f"✓ {yes}"))
        else:
            self.stdout.write(self.style.WARNING(f"! {no}"))

    def site(self) -> tuple[str, str]:
        """Return the site's origin and host, as browsers name them; empty where nobody says."""
        parts = urlsplit(getattr(settings, "SITE_URL", ""))
        origin = f"{parts.scheme}://{parts.netloc}".lower() if parts.netloc else ""
        return origin, parts.hostname or ""
