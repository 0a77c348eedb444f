"""`manage.py check_cocalc`: the whole chain to an open notebook, link by link."""

import json
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from embedding.cocalc.errors import CocalcError
from embedding.services.checking.answering import add_this_site, may_add_this_site
from embedding.services.checking.chain import Outcome, links, run_all
from embedding.services.checking.links import Finding, State

MARKS: dict[State, str] = {"ok": "✓", "warning": "!", "failed": "✗", "skipped": "–"}


class Command(BaseCommand):
    """Ask CoCalc, with the settings as they are, whether all is in place."""

    help = "Looks at each link from this site to an open notebook; fails where one does not hold."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what is to be looked at, and how it is to be told."""
        parser.add_argument("--json", action="store_true", help="tell it to a program")
        parser.add_argument(
            "--only",
            nargs="+",
            default=[],
            metavar="LINK",
            choices=[link.name for link in links()],
            help="look at these links alone, and at what they need",
        )

        parser.add_argument(
            "--fix",
            action="store_true",
            help="on API v1, after asking: have CoCalc answer this site's messages",
        )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        """Write what is found; CommandError where a link failed."""
        began = time.monotonic()
        outcomes: list[Outcome] = []
        for outcome in run_all(options["only"]):
            outcomes.append(outcome)
            if not options["json"]:
                self.tell(outcome)
        lost = [outcome.link.name for outcome in outcomes if outcome.state == "failed"]
        if options["json"]:
            told = {
                "ok": not lost,
                "milliseconds": round((time.monotonic() - began) * 1000),
                "links": [outcome.as_json() for outcome in outcomes],
            }
            self.stdout.write(json.dumps(told, indent=2, ensure_ascii=False))
        if options["fix"]:
            self.fix()
        if lost:
            raise CommandError(f"These links do not hold: {', '.join(lost)}.")

    def tell(self, outcome: Outcome) -> None:
        """Write a link and what was found, one line a finding, and more where it is no good."""
        self.stdout.write(f"{outcome.link.title} ({outcome.milliseconds} ms)")
        for finding in outcome.findings:
            self.stdout.write(self.colour(finding)(f"  {MARKS[finding.state]} {finding.seen}"))
            for words in (finding.means, finding.do):
                if words:
                    self.stdout.write(f"      {words}")

    def colour(self, finding: Finding) -> Any:
        """Return what colours a line."""
        styles = {"ok": self.style.SUCCESS, "failed": self.style.ERROR}
        return styles.get(finding.state, self.style.WARNING)

    def fix(self) -> None:
        """Have CoCalc answer this site's messages, where it does not and lets the site say so."""
        host = may_add_this_site()
        if not host:
            self.stderr.write("There is nothing that --fix can do.")
            return
        self.stderr.write(f"Add {host} to CoCalc's setting “iframe_comm_hosts”? [y/N] ", ending="")
        self.stderr.flush()
        if sys.stdin.readline().strip().lower() not in ("y", "yes"):
            self.stderr.write("Nothing was changed.")
            return
        try:
            add_this_site()
        except CocalcError as error:
            raise CommandError(f"CoCalc's setting could not be changed: {error}") from None
        self.stderr.write(f"CoCalc answers messages of {host} now.")
