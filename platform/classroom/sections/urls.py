from django.urls import URLPattern, path

from classroom.sections import accommodation_page, dates_page, sections_page

_COURSE = "courses/<int:course>"
_SECTIONS = f"{_COURSE}/sections/"
_LONGER = f"{_COURSE}/accommodations/"

urlpatterns: list[URLPattern] = [
    path(_SECTIONS, sections_page.sections, name="sections"),
    path(f"{_SECTIONS}move", sections_page.move, name="section-move"),
    path(f"{_SECTIONS}rename", sections_page.rename, name="section-rename"),
    path(f"{_SECTIONS}remove", sections_page.remove, name="section-remove"),
    path(f"{_SECTIONS}assistants/<int:member>", sections_page.assistant, name="section-assistant"),
    path(
        f"{_COURSE}/assignments/<int:assignment>/sections",
        dates_page.section_dates,
        name="section-dates",
    ),
    path(_LONGER, accommodation_page.accommodations, name="accommodations"),
    path(f"{_LONGER}<int:member>", accommodation_page.accommodation, name="accommodation"),
]
