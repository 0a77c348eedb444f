"""`manage.py rotate_key`: a new key of CoCalc's, tried before the old one is let go."""

import sys
from getpass import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, no_translations

from embedding.services.key_rotation import Refused, replace

_MOST = 1000  # characters that are read


class Command(BaseCommand):
    """Take the key from the terminal, unseen, or from standard input; never as an argument."""

    help = (
        "Tries a new key of CoCalc's and puts it in place of the old one. It is asked for, or read "
        "from standard input."
    )

    @no_translations
    def handle(self, *args: Any, **options: Any) -> None:
        """Write what was done and what is left to do; CommandError for a key that is not taken."""
        new = getpass("The new key: ") if sys.stdin.isatty() else sys.stdin.readline(_MOST)
        try:
            replaced = replace(new, actor="")
        except Refused as refused:
            raise CommandError(f"{refused} The old key stays.") from None
        self.stdout.write(
            self.style.SUCCESS(
                f"The new key is {replaced.identity.email}'s, and good. "
                f"Fingerprint: {replaced.fingerprint}."
            )
        )
        for number, step in enumerate(replaced.next_steps(), 1):
            self.stdout.write(f"{number}. {step}")
