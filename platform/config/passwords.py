"""Which passwords are refused, where Django's own words are not this site's."""

from django.contrib.auth.password_validation import UserAttributeSimilarityValidator
from django.utils.translation import gettext


class LikeTheirName(UserAttributeSimilarityValidator):
    """Django's, which would say “username” where all pages say “user name”."""

    def get_error_message(self) -> str:
        """Return what is said of such a password."""
        return gettext("The password is too similar to your user name, name or e-mail address.")
