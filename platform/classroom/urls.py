"""The app's addresses: each subject has its own."""

from classroom.assignments.urls import urlpatterns as assignments
from classroom.class_steps.urls import urlpatterns as class_steps
from classroom.courses.urls import urlpatterns as courses
from classroom.grading.urls import urlpatterns as grading
from classroom.news.urls import urlpatterns as news
from classroom.people.urls import urlpatterns as people
from classroom.sections.urls import urlpatterns as sections
from classroom.students.urls import urlpatterns as students
from classroom.terms.urls import urlpatterns as terms
from classroom.today.urls import urlpatterns as today

app_name = "classroom"

urlpatterns = [
    *today,
    *courses,
    *terms,
    *people,
    *sections,
    *assignments,
    *class_steps,
    *students,
    *grading,
    *news,
]
