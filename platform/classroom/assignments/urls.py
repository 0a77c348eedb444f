from django.urls import URLPattern, path

from classroom.assignments import dates_page, extensions_page, files_page, views

_BASE = "courses/<int:course>/assignments"
_ONE = f"{_BASE}/<int:assignment>"

urlpatterns: list[URLPattern] = [
    path("courses/<int:course>/dates", dates_page.dates, name="dates"),
    path(f"{_BASE}/new", views.assignment_new, name="assignment-new"),
    path(f"{_BASE}/removed", views.assignments_removed, name="assignments-removed"),
    path(f"{_ONE}/edit", views.assignment_edit, name="assignment-edit"),
    path(f"{_ONE}/remove", views.assignment_remove, name="assignment-remove"),
    path(f"{_ONE}/restore", views.assignment_restore, name="assignment-restore"),
    path(f"{_ONE}/files", files_page.files, name="assignment-files"),
    path(f"{_ONE}/files/upload", files_page.upload, name="assignment-upload"),
    path(f"{_ONE}/files/browse", files_page.browse, name="assignment-browse"),
    path(f"{_ONE}/files/bring", files_page.bring, name="assignment-bring"),
    path(f"{_ONE}/files/check", files_page.check, name="assignment-check"),
    path(f"{_ONE}/files/remove", files_page.file_remove, name="assignment-file-remove"),
    path(f"{_ONE}/files/rename", files_page.file_rename, name="assignment-file-rename"),
    path(f"{_ONE}/approve", files_page.approve, name="assignment-approve"),
    path(f"{_ONE}/extensions/", extensions_page.extension_list, name="extensions"),
    path(f"{_ONE}/extensions/<int:member>", extensions_page.extension, name="extension"),
    path(
        f"{_ONE}/extensions/<int:member>/remove",
        extensions_page.extension_remove,
        name="extension-remove",
    ),
]
