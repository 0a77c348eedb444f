"""The sentences of what administrators do on pages of their own."""

from django.utils.translation import gettext_lazy as _

from embedding.services.sentences import tell


def register() -> None:
    """Make them known."""
    tell(
        "users",
        _("What administrators did for users"),
        {
            "admin.person_seen": _("%(actor)s looked at the page of %(whom)s."),
            "admin.people_seen": _("%(actor)s searched for people by “%(target)s”."),
            "user.prepared": _("%(actor)s prepared the account and the projects of %(whom)s."),
            "user.repaired": _("%(actor)s had the account and the projects of %(whom)s repaired."),
            "user.signed_out_everywhere": _("%(actor)s signed %(whom)s out everywhere."),
            "user.let_in_at_once": _("%(actor)s let %(whom)s try again at once."),
            "user.exported": _("%(actor)s exported all that is held about %(whom)s."),
            "user.forgotten": _("%(actor)s had the site forget %(whom)s."),
            "user.made": _("%(actor)s added the user %(whom)s by a list."),
            "user.changed": _("%(actor)s changed the user %(whom)s by a list."),
            "user.grouped": _("%(actor)s put %(whom)s into the group “%(group)s” by a list."),
            "users.listed": _("%(actor)s added %(made)s users by a list of %(lines)s lines."),
        },
    )
