"""The site's addresses, and one for pages that embed notebooks: the test sends the template."""

from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.urls import path

import tests.browser.world  # noqa: F401
from config.urls import handler400, handler403, handler404, handler500, urlpatterns

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

PAGE = """<!doctype html>
<html lang="en"><head><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>Anywhere</title></head>
<body><h1>A lesson</h1>{% load cocalc %}"""


def anywhere(request: HttpRequest) -> HttpResponse:
    template = engines["django"].from_string(PAGE + request.GET["body"] + "</body></html>")
    return HttpResponse(template.render({}, request))


urlpatterns = [path("anywhere/", anywhere), *urlpatterns]
