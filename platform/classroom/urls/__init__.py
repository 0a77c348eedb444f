"""The app's addresses, a module for each subject."""

from classroom.urls import assignments, courses, grades, people, steps, students

app_name = "classroom"

urlpatterns = [
    *courses.urlpatterns,
    *people.urlpatterns,
    *assignments.urlpatterns,
    *steps.urlpatterns,
    *students.urlpatterns,
    *grades.urlpatterns,
]
