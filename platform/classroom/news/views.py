"""What is new, read and unread; what of it is mailed; and stopping that from within a mail."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from classroom.conf import conf
from classroom.models import MailChoice, Profile
from classroom.news.choosing import MailForm
from classroom.notices import unsubscribing
from classroom.notices.mailable import readers
from classroom.notices.reading import notices_of, read_set, unread_count
from classroom.notices.words import say
from embedding.problems import Problem
from embedding.views.access import user_of

OF_A_PAGE = 30


@never_cache
@require_safe
@login_required
def notices(request: HttpRequest) -> HttpResponse:
    """Show what is new for the user. Its script says that they were read, once they are seen."""
    user = user_of(request).pk
    page = Paginator(notices_of(user), OF_A_PAGE).get_page(request.GET.get("page"))
    said = say(list(page.object_list))
    unread = [one.notice.pk for one in said if one.notice.read is None]
    context = {"page": page, "said": said, "seen": (min(unread), max(unread)) if unread else None}
    return render(request, "classroom/news/notices.html", context)


@never_cache
@require_POST
@login_required
def notices_read(request: HttpRequest) -> HttpResponse:
    """Count all notices of the user as read, or for a script those of a page: `since` to `upto`."""
    user = user_of(request).pk
    since, upto = request.POST.get("since", ""), request.POST.get("upto", "")
    if since.isdecimal() and upto.isdecimal() and len(since) < 19 and len(upto) < 19:
        read_set(user, since=int(since), upto=int(upto))
        return JsonResponse({"unread": unread_count(user)})
    read_set(user)
    return redirect("classroom:notices")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def mail_choices(request: HttpRequest) -> HttpResponse:
    """Let the user choose which notices are mailed, and how often."""
    user = user_of(request)
    form = MailForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect("classroom:mail-choices")
    context = {
        "form": form,
        "mails": conf().mail,
        "reachable": readers([user.pk])[user.pk].is_reachable,
    }
    return render(request, "classroom/news/mail_choices.html", context)


@csrf_exempt  # a mail program asks, without our page and without cookies; the address is signed
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, stop: str) -> HttpResponse:
    """Ask, or at a POST at once (RFC 8058), stop mails to whoever this address was mailed to.

    Programs that look at mails open its links, so opening alone stops nothing. The page speaks the
    language of the mail.
    """
    template = "classroom/news/unsubscribe.html"
    kind = request.POST.get("kind", "")
    is_asked = request.method == "POST"
    try:
        found = unsubscribing.stop(stop, kind) if is_asked else unsubscribing.find(stop)
    except Problem as problem:
        return render(request, template, {"problem": problem}, status=problem.status)
    if is_asked:
        context = {"stopped": True, "one": next((each for each in found.kinds if each == kind), "")}
    else:
        rows = MailChoice.objects.filter(user=found.user, when=MailChoice.When.NEVER)
        context = {"kinds": found.kinds, "off": rows.exists()}
    with translation.override(Profile.language_of(found.user)):
        return render(request, template, context)
