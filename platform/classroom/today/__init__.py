"""Where one lands: what waits over all courses, one's own profile, and a calendar of it."""
