"""The sentences of this app's own events."""

from django.utils.translation import gettext_lazy as _

from embedding.services.sentences import tell


def register() -> None:
    """Make them known."""
    tell(
        "files",
        _("Files"),
        {
            "file.listed": (
                _("%(actor)s looked at the files of %(whom)s in “%(folder)s” of “%(target)s”."),
                _("%(actor)s looked at the files in “%(folder)s” of “%(target)s”."),
            ),
            "file.opened": (
                _("%(actor)s opened “%(path)s” of %(whom)s in “%(target)s”."),
                _("%(actor)s opened “%(path)s” in “%(target)s”."),
            ),
            "file.downloaded": (
                _("%(actor)s downloaded “%(path)s” of %(whom)s from “%(target)s”."),
                _("%(actor)s downloaded “%(path)s” from “%(target)s”."),
            ),
            "file.created": _("%(actor)s created “%(path)s” in “%(target)s”."),
            "folder.created": _("%(actor)s created the folder “%(path)s” in “%(target)s”."),
            "file.uploaded": _("%(actor)s uploaded “%(path)s” to “%(target)s”."),
            "file.moved": _("%(actor)s moved “%(path)s” to “%(to)s” in “%(target)s”."),
            "file.deleted": _("%(actor)s deleted “%(path)s” in “%(target)s”."),
            "file.restored": _("%(actor)s put “%(path)s” back in “%(target)s”."),
            "file.purged": _("%(actor)s deleted “%(path)s” in “%(target)s” for good."),
            "file.trash_listed": (
                _("%(actor)s looked at the deleted files of %(whom)s in “%(target)s”."),
                _("%(actor)s looked at the deleted files in “%(target)s”."),
            ),
        },
    )
    tell(
        "access",
        _("Accounts and projects"),
        {
            "account.created": _("%(actor)s created the account of %(whom)s on CoCalc."),
            "account.adopted": _("%(actor)s found the account of %(whom)s on CoCalc again."),
            "project.created": _("%(actor)s created the project “%(target)s” on CoCalc."),
            "project.adopted": _("%(actor)s found the project “%(target)s” on CoCalc again."),
            "project.restored": _(
                "%(actor)s restored the project “%(target)s”, which was deleted."
            ),
            "project.taken_back": _("%(actor)s made itself owner of “%(target)s” again."),
            "project.home_opened": _(
                "%(actor)s closed the home of “%(target)s”, which other projects could read."
            ),
            "member.added": _("%(actor)s added %(whom)s to “%(target)s” on CoCalc."),
            "member.put_back": _("%(actor)s put %(whom)s back into “%(target)s” on CoCalc."),
            "member.taken_out": _(
                "%(actor)s took somebody out of “%(target)s” on CoCalc who may not be in it."
            ),
            "member.demoted": _("%(actor)s made %(whom)s a collaborator of “%(target)s” again."),
            "member.let_in": _("%(actor)s let %(whom)s into “%(target)s”."),
            "member.shut_out": _("%(actor)s shut %(whom)s out of “%(target)s”."),
            "account.linked": _("%(actor)s linked %(whom)s’s own CoCalc account."),
            "account.unlinked": _("%(actor)s unlinked %(whom)s’s own CoCalc account."),
            "account.replaced": _("%(actor)s let %(whom)s have a new account on CoCalc."),
            "project.replaced": _(
                "%(actor)s let %(whom)s have a new project in place of “%(target)s”."
            ),
            "project.deleted": _("%(actor)s deleted a project of %(whom)s on CoCalc."),
            "folder.deleted": _("%(actor)s deleted work of %(whom)s in “%(target)s”."),
            "access.ended": _("%(actor)s ended the access of %(whom)s on CoCalc."),
        },
    )
    tell(
        "rights",
        _("Users and their rights"),
        {
            "user.suspended": _("%(actor)s suspended %(whom)s."),
            "user.reinstated": _("%(actor)s reinstated %(whom)s."),
            "user.staff_given": _("%(actor)s made %(whom)s staff."),
            "user.staff_taken": _("%(actor)s made %(whom)s no longer staff."),
            "user.superuser_given": _("%(actor)s made %(whom)s a superuser."),
            "user.superuser_taken": _("%(actor)s made %(whom)s no longer a superuser."),
            "user.group_added": _("%(actor)s put %(whom)s into the group “%(what)s”."),
            "user.group_removed": _("%(actor)s took %(whom)s out of the group “%(what)s”."),
            "user.permission_added": _("%(actor)s gave %(whom)s the permission “%(what)s”."),
            "user.permission_removed": _("%(actor)s took the permission “%(what)s” from %(whom)s."),
            "user.deleted": _("%(actor)s deleted the user %(whom)s."),
        },
    )
    tell(
        "administration",
        _("Administration"),
        {
            "admin.row_seen": (
                _("%(actor)s looked at %(of)s “%(target)s” of %(whom)s in the administration."),
                _("%(actor)s looked at %(of)s “%(target)s” in the administration."),
            ),
            "admin.list_seen": _(
                "%(actor)s looked at the list “%(target)s” in the administration."
            ),
            "cocalc.hosts_set": _("%(actor)s had CoCalc answer messages of “%(target)s”."),
            "key.replaced": _("%(actor)s replaced the site’s key of CoCalc."),
            "key.approved": _("%(actor)s tried a new key of CoCalc for the site."),
            "events.exported": _("%(actor)s exported the audit log (%(filter)s)."),
            "events.renamed": _("%(actor)s replaced the name of %(whom)s in %(events)s events."),
            "events.resealed": _("%(actor)s made all seals of the audit log anew."),
        },
    )
