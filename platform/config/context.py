"""What every template may know of the site."""

from django.conf import settings
from django.http import HttpRequest

from classroom.conf import conf
from classroom.models import Profile
from classroom.pages.looking_into import until
from embedding.conf import conf as embedding


def site(request: HttpRequest) -> dict[str, object]:
    """Return the site's name, for titles and the bar, and what the user chose for all pages.

    `color_scheme` is "light" or "dark", and empty where that is the device's to say. `mails` says
    whether the site sends e-mail, `has_courses` whether it has the key that courses need.
    `looks_until` is there where an administrator looks into the course that the page is of.
    """
    user = getattr(request, "user", None)
    chosen = Profile.of(user).color_scheme if user is not None and user.is_authenticated else ""
    return {
        "brand": settings.SITE_NAME,
        "mails": conf().mail,
        "has_courses": not embedding().own_sign_in,
        "looks_until": until(request),
        "color_scheme": "" if chosen == Profile.Scheme.SYSTEM else chosen,
    }
