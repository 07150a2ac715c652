"""Judges: anything that labels a sample by itself, how its answer is read, and what several of them say together.

A judge makes requests out of a sample and reads the replies; it never talks to a server. What it says is a `Judgement`:
scored, or one of six ways of not being scored, which are never taken for safe, for 0 or for a tie.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
