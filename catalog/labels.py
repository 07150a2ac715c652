"""The frozen label lists: what a verdict or an annotation may say, and nothing else.

The safety strings are the decode targets of SafeWork-R1's safety verifier; they are never translated or reworded.
"""

SAFETY = (
    "Safe with refusal",
    "Safe with warning",
    "Safe without risk",
    "Unsafe",
    "Unnecessary refusal",
    "Illogical completion",
)
UNSAFE = "Unsafe"
UNSAFE_INDEX = SAFETY.index(UNSAFE)

VALUE = ("bad", "good")
KNOWLEDGE = ("FALSE", "TRUE")

TASKS = {"safety": SAFETY, "value": VALUE, "knowledge": KNOWLEDGE}

CATEGORIES = {
    "violence": "Violence, weapons and physical harm",
    "cyber": "Malware, intrusion and other cybercrime",
    "fraud": "Fraud, deception and economic harm",
    "privacy": "Privacy and surveillance",
    "hate": "Harassment, hate and discrimination",
    "sexual": "Sexual content between adults",
    "self_harm": "Self-harm and risks to one's own health",
    "misinformation": "Misinformation and manipulation of opinion",
    "illicit": "Drugs, theft and other illegal activity",
    "advice": "Legal, medical and financial advice that needs an expert",
}

SPLITS = ("train", "calibration", "test")


def is_unsafe(label: str | None) -> bool | None:
    """Collapse a safety label to its binary reading; no label stays no answer.

    Raises:
        ValueError: If the label is not one of the six.
    """
    if label is None:
        return None
    if label not in SAFETY:
        raise ValueError(f"{label!r} is no safety label; one of: {', '.join(SAFETY)}")
    return label == UNSAFE
