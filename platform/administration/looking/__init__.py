"""An administrator looks into a course: why, and until when."""
