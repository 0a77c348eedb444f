"""The app's addresses. A project is `mine`, or CoCalc's id of it."""

from django.urls import path, register_converter

from embedding.views import files, pages, presence, sessions, words
from embedding.views.access import ProjectConverter

register_converter(ProjectConverter, "project")

app_name = "embedding"

urlpatterns = [
    path("", pages.home, name="home"),
    path("projects/mine/", pages.files, name="mine"),
    path("projects/<project:project>/", pages.files, name="files"),
    path("projects/<project:project>/files/<path:folder>/", pages.files, name="folder"),
    path("projects/<project:project>/open/<path:path>", pages.notebook, name="notebook"),
    path("projects/<project:project>/prepare", files.prepare, name="prepare"),
    path("projects/<project:project>/listing", files.listing, name="listing"),
    path("projects/<project:project>/notebook", files.create_notebook, name="create-notebook"),
    path("projects/<project:project>/folder", files.create_folder, name="create-folder"),
    path("projects/<project:project>/upload", files.upload, name="upload"),
    path("projects/<project:project>/download", files.download, name="download"),
    path("projects/<project:project>/move", files.move, name="move"),
    path("projects/<project:project>/delete", files.delete, name="delete"),
    path("projects/<project:project>/trash/", pages.trash, name="trash"),
    path("projects/<project:project>/trash/entries", files.trash_listing, name="trash-listing"),
    path("projects/<project:project>/trash/restore", files.restore, name="restore"),
    path("projects/<project:project>/trash/purge", files.purge, name="purge"),
    path("projects/<project:project>/session", sessions.session, name="session"),
    path("projects/<project:project>/check", sessions.check, name="check"),
    path("projects/<project:project>/tab", sessions.tab, name="tab"),
    path("sessions/<uuid:session>/report", sessions.report, name="report"),
    path("sessions/<uuid:session>/signed-in", sessions.signed_in, name="signed-in"),
    path("sessions/<uuid:session>/diagnosis", sessions.diagnosis, name="diagnosis"),
    path("signed-out/", pages.signed_out, name="signed-out"),
    path("presence", presence.presence, name="presence"),
    path("words/<str:language>.<str:digest>.js", words.words, name="words"),
]
