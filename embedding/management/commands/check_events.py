"""`manage.py check_events`: whether an event was removed, changed or added past the site."""

import json
from argparse import ArgumentTypeError
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from embedding.services import audit


def noted(text: str) -> tuple[int, str]:
    """Read an end of the chain, as this command says it."""
    position, _, seal = text.strip().partition(":")
    if not position.isdecimal() or not seal:
        raise ArgumentTypeError("It looks like 1234:5f3c…, as this command has said it.")
    return int(position), seal


class Command(BaseCommand):
    """Ask all events whether they are what was written, in order and without a gap."""

    help = (
        "Says whether the audit log was changed past the site, and where; exits with 1 if so. Note "
        "the end of the chain that it says somewhere else, and ask for it later with --noted: so "
        "an old copy of the database shows too."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="Say it as JSON.")
        parser.add_argument(
            "--noted", type=noted, metavar="POSITION:SEAL", help="An end that was noted earlier."
        )
        parser.add_argument(
            "--reseal",
            action="store_true",
            help=(
                "Make all seals anew: before an old SECRET_KEY is taken out of "
                "SECRET_KEY_FALLBACKS, or once you know why the log was changed. What was found is "
                "kept in an event."
            ),
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = audit.reseal() if options["reseal"] else audit.verify(options["noted"])
        if options["json"]:
            said = asdict(report) | {"broken": bool(report.findings)}
            self.stdout.write(json.dumps(said))
        else:
            self.say(report)
        if report.findings and not options["reseal"]:
            raise CommandError("The audit log was changed past the site.")

    def say(self, report: audit.Report) -> None:
        """Say it in words."""
        for found in report.findings:
            self.stderr.write(found.text)
        self.stdout.write(f"{report.events} events were looked at.")
        if report.seal:
            self.stdout.write(f"The chain ends with {report.position}:{report.seal}")
        if not report.findings:
            self.stdout.write("Nothing was removed, changed or added past the site.")
