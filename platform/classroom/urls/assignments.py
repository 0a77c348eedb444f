from django.urls import URLPattern, path

from classroom.views import assignments, extensions, sources

_BASE = "courses/<int:course>/assignments"
_ONE = f"{_BASE}/<int:assignment>"

urlpatterns: list[URLPattern] = [
    path(f"{_BASE}/new", assignments.assignment_new, name="assignment-new"),
    path(f"{_BASE}/removed", assignments.assignments_removed, name="assignments-removed"),
    path(f"{_ONE}/edit", assignments.assignment_edit, name="assignment-edit"),
    path(f"{_ONE}/remove", assignments.assignment_remove, name="assignment-remove"),
    path(f"{_ONE}/restore", assignments.assignment_restore, name="assignment-restore"),
    path(f"{_ONE}/files", sources.files, name="assignment-files"),
    path(f"{_ONE}/files/upload", sources.upload, name="assignment-upload"),
    path(f"{_ONE}/files/browse", sources.browse, name="assignment-browse"),
    path(f"{_ONE}/files/bring", sources.bring, name="assignment-bring"),
    path(f"{_ONE}/files/check", sources.check, name="assignment-check"),
    path(f"{_ONE}/files/remove", sources.file_remove, name="assignment-file-remove"),
    path(f"{_ONE}/approve", sources.approve, name="assignment-approve"),
    path(f"{_ONE}/extensions/", extensions.extension_list, name="extensions"),
    path(f"{_ONE}/extensions/<int:member>", extensions.extension, name="extension"),
    path(
        f"{_ONE}/extensions/<int:member>/remove",
        extensions.extension_remove,
        name="extension-remove",
    ),
]
