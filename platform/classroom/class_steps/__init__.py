"""Class steps: what a teacher's buttons and the dates start, and how far it is."""
