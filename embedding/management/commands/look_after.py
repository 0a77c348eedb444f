from typing import Any

from django.core.management.base import BaseCommand, CommandError

from embedding.cocalc.errors import CocalcError
from embedding.conf import conf
from embedding.models import CocalcProject
from embedding.problems import of_cocalc
from embedding.services import audit, care, endings, remains, state


class Command(BaseCommand):
    """What a site without a worker of its own runs every few minutes."""

    help = (
        "Takes users who were switched off or deleted out of everything on CoCalc, and puts right "
        "what was changed there behind the site's back. Seals new events."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        audit.seal()
        if conf().own_sign_in:
            self.stdout.write("Nothing to do: the site has no key (COCALC_SIGN_IN=own).")
            return
        state.look()
        state.prune()
        endings.endings_missed()
        endings.endings_work()
        remains.remains_work()
        rows = CocalcProject.objects.filter(project_id__isnull=False)
        try:
            care.look_after([row for row in rows if care.is_due(row)])
        except CocalcError as error:
            raise CommandError(f"{of_cocalc(error).message}\n({error})") from None
