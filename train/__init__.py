"""Sixth floor: a policy learns from verdicts.

A base model is cut to the words a run needs (`trim_vocabulary`), learns the reply format (`finetune`), and is then
moved by the rewards of a `Mix` with CPGD (`run_rl`). Judges that are no part of the reward watch it
(`evaluate_policy`).
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
