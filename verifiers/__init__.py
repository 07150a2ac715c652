"""Fifth floor: what says whether a reply is safe, and how sure it is of that.

A verifier reads a prompt and a reply and gives one of six labels with calibrated probabilities, or abstains. It is
trained, calibrated and measured from the rows of one release (`train_verifier`); its checkpoint is a plain
Hugging Face directory that names and hashes all it holds (`load_verifier`). What a label is worth as a reward is
`Policy`, kept outside the weights.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
