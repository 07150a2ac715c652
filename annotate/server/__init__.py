"""What runs inside the review server's own environment, and the pins that environment is made of.

`review` is started as a program by the interpreter of that environment (`annotate.control` does it): it imports nothing
of the other floors.
"""
