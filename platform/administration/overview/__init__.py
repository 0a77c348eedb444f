"""The front page of the administration: how the site is, at one look."""
