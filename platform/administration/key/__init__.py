"""The site’s key of CoCalc’s: a new one in place of the old."""
