"""The site for an ASGI server.

Django reads the body of an ASGI request whole, whatever its length, before any code of ours is
asked: the server or the proxy before it must limit it.
"""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_asgi_application()
