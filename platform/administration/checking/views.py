"""The page of the check: its script asks for one link after another, and none is waited for long.

Nothing is kept between two requests, so it does not matter which process answers: the page says
which links did not hold so far, and for how long it has waited for this one.
"""

import logging
import smtplib
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.mail import send_mail
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from administration.access import SUPERUSERS, administrators, context
from classroom.conf import conf as classroom
from embedding.conf import conf
from embedding.frame import SANDBOX
from embedding.problems import bad_request
from embedding.services.checking.chain import links, run
from embedding.services.checking.links import Again
from embedding.views.access import for_scripts, json_body, text_of

log = logging.getLogger(__name__)


@administrators(SUPERUSERS)
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """Show what will be looked at. Nothing is, until somebody presses the button."""
    more = {
        "links": links(),
        "mails": classroom().mail,
        "page": {
            "link": reverse("admin:check-link"),
            "begin": reverse("admin:check-frame"),
            "signedIn": reverse("admin:check-frame-signed-in"),
            "end": reverse("admin:check-frame-end"),
            "origin": conf().cocalc_origin,
            "sandbox": SANDBOX,
            "site": settings.SITE_URL,
        },
    }
    return render(
        request,
        "administration/checking/check.html",
        context(request, _("Check the connection"), **more),
    )


@administrators(SUPERUSERS)
@require_POST
@for_scripts
def link(request: HttpRequest) -> HttpResponse:
    """Look at one link: 200 with what was found, 202 where it still goes on.

    The body has its name as `link`, the names of links that do not hold as `lost`, and `waited`,
    the seconds since this one was asked for first.
    """
    body = json_body(request)
    name, lost, waited = text_of(body, "link"), body.get("lost", []), body.get("waited", 0)
    asked = {each.name: each for each in links()}.get(name)
    if asked is None or not isinstance(lost, list) or not isinstance(waited, int | float):
        raise bad_request("There is no such link.")
    try:
        outcome = run(asked, {each for each in lost if isinstance(each, str)}, waited=waited)
    except Again as again:
        return JsonResponse({"still": str(again)}, status=202)
    return JsonResponse(outcome.as_json())


@administrators(SUPERUSERS)
@require_POST
def mail(request: HttpRequest) -> HttpResponse:
    """Send one message to the administrator's own address, and say what the server said."""
    address: Any = getattr(request.user, "email", "")
    if not classroom().mail or not address:
        messages.error(request, _("There is no mail server, or you have no e-mail address here."))
        return HttpResponseRedirect(reverse("admin:check"))
    subject = _("%(site)s can send mail") % {"site": settings.SITE_NAME}
    text = _("You asked for this message on the page “Check the connection” of %(address)s.")
    try:
        send_mail(subject, text % {"address": settings.SITE_URL}, None, [address])
    except (OSError, smtplib.SMTPException) as error:
        log.warning("The message could not be sent: %s", type(error).__name__)
        why = {"error": type(error).__name__}
        messages.error(request, _("The message could not be sent (%(error)s).") % why)
    else:
        done = _("The message was sent to %(address)s. Look whether it arrives.")
        messages.success(request, done % {"address": address})
    return HttpResponseRedirect(reverse("admin:check"))
