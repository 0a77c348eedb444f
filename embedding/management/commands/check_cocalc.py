from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from embedding.client import client
from embedding.cocalc.customize import customize
from embedding.cocalc.errors import CocalcError
from embedding.conf import conf
from embedding.problems import of_cocalc


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
        if not identity.is_admin:
            raise CommandError("Notebooks cannot be opened like this.")

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
