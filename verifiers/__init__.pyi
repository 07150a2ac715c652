from .calibration import expected_calibration_error, fit_temperature, reliability
from .checkpoint import BadCheckpoint, checkpoint_id, load_verifier, read_metrics
from .config import VerifierConfig
from .encoder import Verifier
from .policy import Policy
from .score import ScoreCounts, score_file
from .serve import serve_verifier
from .train import train_verifier

__all__ = [
    "BadCheckpoint",
    "Policy",
    "ScoreCounts",
    "Verifier",
    "VerifierConfig",
    "checkpoint_id",
    "expected_calibration_error",
    "fit_temperature",
    "load_verifier",
    "read_metrics",
    "reliability",
    "score_file",
    "serve_verifier",
    "train_verifier",
]
