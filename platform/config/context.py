"""What every template may know of the site."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, str]:
    """Return the site's name, for titles and the bar."""
    return {"brand": settings.SITE_NAME}
