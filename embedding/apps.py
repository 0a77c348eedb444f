from django.apps import AppConfig


class EmbeddingConfig(AppConfig):
    """All that knows CoCalc: accounts, projects, files, embed sessions."""

    name = "embedding"
    verbose_name = "CoCalc"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from embedding import checks  # noqa: F401  registers them
        from embedding.services import (  # with care, which listens by itself
            endings,
            rights,
            state,
            suspending,
            told,
        )

        endings.connect()
        suspending.connect()
        rights.connect()
        state.connect()
        told.register()
