"""People: the roster, joining by a link, and invitations."""
