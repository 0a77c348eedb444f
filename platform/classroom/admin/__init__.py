"""The classroom for administrators: to look into, and to mend what a teacher cannot.

Steps, scores and submissions are made by the site alone, so they are read here. So are people,
for what they may open has to follow: three actions do what the course's own pages do, for a
course that has no teacher left, say. Nothing here shows a link that lets somebody in.
"""

from classroom.admin import mails, people, steps, tasks, work

__all__ = ["mails", "people", "steps", "tasks", "work"]
