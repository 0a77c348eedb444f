from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangosAdmin
from django.utils.translation import gettext_lazy as _


class AdministrationConfig(AppConfig):
    """The site for those who run it."""

    name = "administration"
    verbose_name = _("Administration")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from administration import told
        from administration.checking import site
        from administration.overview.counting import count_hours
        from classroom.engine.clocks import every

        told.register()
        site.add()
        every(60.0, count_hours)


class AdminConfig(DjangosAdmin):
    """Django's admin, with pages of our own beside its lists."""

    default = False
    default_site = "administration.site.Site"
