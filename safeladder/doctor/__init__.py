"""What this machine has, what is missing, and how to mend it.

The areas are looked at by another process: where a broken wheel kills it, or makes it hang, that is a finding, and the
next process goes on with the areas that are left.
"""

from safeladder.doctor.ask import AREAS, examine
from safeladder.doctor.finding import Finding

__all__ = ["AREAS", "Finding", "examine"]
