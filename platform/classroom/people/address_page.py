"""A user's own e-mail address: whether it is proven, and proving it."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from classroom.conf import conf
from classroom.people import proving
from embedding.problems import Problem
from embedding.views.access import user_of


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def address(request: HttpRequest) -> HttpResponse:
    """Show the user's address, and have a mail sent to prove it."""
    user = user_of(request)
    if request.method == "POST":
        try:
            proving.proof_ask(user)
        except Problem as problem:
            messages.info(request, problem.message)
        else:
            said = _("We are sending an e-mail to %(email)s.")
            messages.success(request, said % {"email": user.email})
        return redirect("classroom:address")
    row = proving.unproven_of(user)
    context = {"unproven": row, "wait": row and proving.wait_until(row), "mails": conf().mail}
    return render(request, "classroom/people/address.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def address_prove(request: HttpRequest, proof: str) -> HttpResponse:
    """Ask, and when confirmed, take the link of a mail for a proof.

    Programs that look at mails open its links, so opening alone proves nothing.
    """
    user = user_of(request)
    try:
        if request.method == "POST":
            proving.prove(proof, user)
            messages.success(request, _("Thank you. Your address is confirmed."))
            return redirect("classroom:address")
        row = proving.proof_find(proof, user)
    except Problem as problem:
        context = {"problem": problem}
        return render(
            request, "classroom/people/address_prove.html", context, status=problem.status
        )
    return render(request, "classroom/people/address_prove.html", {"unproven": row})
