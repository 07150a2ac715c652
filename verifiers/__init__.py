"""Fifth floor: what says whether a reply is safe, and how sure it is of that.

A verifier reads a prompt and a reply and gives one of six labels with calibrated probabilities, or abstains. It is
trained, calibrated and measured from the rows of one release (`train_verifier`); its checkpoint is a plain
Hugging Face directory that names and hashes all it holds (`load_verifier`). What a label is worth as a reward is
`Policy`, kept outside the weights.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verifiers.calibration import expected_calibration_error as expected_calibration_error
    from verifiers.calibration import fit_temperature as fit_temperature
    from verifiers.calibration import reliability as reliability
    from verifiers.checkpoint import BadCheckpoint as BadCheckpoint
    from verifiers.checkpoint import checkpoint_id as checkpoint_id
    from verifiers.checkpoint import load_verifier as load_verifier
    from verifiers.checkpoint import read_metrics as read_metrics
    from verifiers.config import VerifierConfig as VerifierConfig
    from verifiers.encoder import Verifier as Verifier
    from verifiers.policy import Policy as Policy
    from verifiers.score import ScoreCounts as ScoreCounts
    from verifiers.score import score_file as score_file
    from verifiers.train import train_verifier as train_verifier

_HOMES = {
    "BadCheckpoint": "verifiers.checkpoint",
    "Policy": "verifiers.policy",
    "ScoreCounts": "verifiers.score",
    "Verifier": "verifiers.encoder",
    "VerifierConfig": "verifiers.config",
    "checkpoint_id": "verifiers.checkpoint",
    "expected_calibration_error": "verifiers.calibration",
    "fit_temperature": "verifiers.calibration",
    "load_verifier": "verifiers.checkpoint",
    "read_metrics": "verifiers.checkpoint",
    "reliability": "verifiers.calibration",
    "score_file": "verifiers.score",
    "train_verifier": "verifiers.train",
}
__all__ = sorted(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"verifiers has no {name!r}; it has: {', '.join(__all__)}")
    return getattr(import_module(_HOMES[name]), name)
