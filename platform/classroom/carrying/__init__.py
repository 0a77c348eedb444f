"""How files travel between a project and anywhere else: by commands in the projects, through us.

CoCalc's own copy runs as root and follows a link at either end into any project. A command in a
project has the project's own rights, and ours follow no link besides.
"""
