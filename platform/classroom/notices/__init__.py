"""Who is told what is new: kept in the database, shown by the bell, and mailed."""
