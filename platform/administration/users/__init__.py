"""Users in bulk: a list of people, read as a roster is, makes accounts."""
