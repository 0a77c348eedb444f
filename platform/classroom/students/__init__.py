"""Students: where they stand, opening their work, and submitting it."""
