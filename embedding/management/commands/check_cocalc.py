from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from embedding.client import client
from embedding.cocalc.customize import customize
from embedding.cocalc.errors import CocalcError
from embedding.conf import conf
from embedding.models import KEPT
from embedding.problems import of_cocalc

MOST_HOMES = 50  # that are looked at


class Command(BaseCommand):
    """Ask CoCalc, with the settings as they are, whether all is in place."""

    help = "Says whether CoCalc can be reached, the key will do, and this site is known there."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            identity = client().identify()
            server = customize(conf().api_url)
        except CocalcError as error:
            raise CommandError(f"{of_cocalc(error).message}\n({error})") from None
        self.say(True, f"“{server.site_name}” answers at {conf().api_url}.")
        self.say(
            identity.is_admin,
            f"The key is {identity.email}'s, a site admin.",
            f"The key is {identity.email}'s, who is no site admin on CoCalc: without that, the "
            "site cannot sign its users in. Make the account an admin there.",
        )
        origin, host = self.site()
        if origin:
            channel = server.channel(origin)
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
        self.homes()
        if not identity.is_admin:
            raise CommandError("Notebooks cannot be opened like this.")

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
