"""Why something did not work, in a few words, by the code that is stored with it."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from administration.overview.counting import OTHERS
from classroom.engine.holding import LOST

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

CAUSES: "dict[str, StrPromise]" = {
    # Of CoCalc
    "cannot_connect": _("CoCalc could not be reached"),
    LOST: _("It is not known whether it was done"),
    "outcome_unknown": _("CoCalc did not answer in time"),
    "refused_key": _("CoCalc refused this site's key"),
    "forbidden": _("CoCalc did not let this site do it"),
    "limited": _("CoCalc asked to wait"),
    "crowded": _("Too many requests at once"),
    "server_fault": _("CoCalc had an error"),
    "not_cocalc": _("Something else answered at CoCalc's address"),
    "cannot_embed": _("This CoCalc cannot be embedded"),
    "no_key": _("This site has no key"),
    "not_supported": _("This CoCalc cannot do that"),
    "bad_request": _("The request was not understood"),
    # Of projects
    "not_started": _("The project did not start"),
    "still_starting": _("The project did not start for minutes"),
    "cannot_start": _("CoCalc could not start the project"),
    "project_not_started": _("The project did not start"),
    "command_failed": _("The project could not do it"),
    "unprepared": _("The project was not there yet"),
    # Of files
    "file_missing": _("The file was gone"),
    "folder_missing": _("The folder was gone"),
    "not_found": _("The file was gone"),
    "no_files": _("There were no files"),
    "too_large": _("Too large"),
    "too_much": _("Too large"),
    "in_the_way": _("A file was in the way"),
    "exists": _("It was there already"),
    "changed": _("The files changed meanwhile"),
    "changing": _("The files changed meanwhile"),
    # Of pages
    "too_many": _("Opened too often within a minute"),
    "busy": _("Somebody else was at it"),
    "switched_off": _("The person's access has ended"),
    "signed_out": _("Signed out meanwhile"),
    "silent": _("The editor said nothing any more"),
    "disconnected": _("The editor lost its connection to CoCalc"),
    "offline": _("The person's device was offline"),
    "frame_gone": _("The editor was gone from the page"),
    # Of this site
    "fault": _("An error in this site"),
    "database": _("The database could not be reached"),
    "worker_lost": _("The worker was stopped several times"),
    "moot": _("There was nothing left to do"),
    "skipped": _("There was nothing to do"),
    OTHERS: _("Other causes"),
}


def words(code: str) -> str:
    """Say a code in words; one that is not known stays as it is."""
    return str(CAUSES.get(code, code))
