"""Pages of what is new: the list behind the bell, what of it is mailed, and stopping mails."""
