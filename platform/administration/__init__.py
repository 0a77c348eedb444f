"""What administrators see and do beyond Django's lists: pages of our own in the admin."""
