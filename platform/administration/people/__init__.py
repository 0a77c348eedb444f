"""A person: all that the site knows of them on one page, and what can be done for or about them."""
