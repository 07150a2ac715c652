"""Human review on a real Argilla server of our own: start it, push rows, let people label, pull what they said.

`server/` is what runs inside the server's environment; everything else talks to it from outside.
"""

from annotate.control import Server, ServerFailed, Status, down, status, up
from annotate.environment import EnvironmentFailed, ensure_environment
from annotate.project import add_annotator, settings
from annotate.pull import Pulled, pull
from annotate.push import PushReport, push
from annotate.select import select_uncertain

__all__ = [
    "EnvironmentFailed",
    "Pulled",
    "PushReport",
    "Server",
    "ServerFailed",
    "Status",
    "add_annotator",
    "down",
    "ensure_environment",
    "pull",
    "push",
    "select_uncertain",
    "settings",
    "status",
    "up",
]
