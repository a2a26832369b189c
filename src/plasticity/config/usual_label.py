"""What figures and tables call an arm that has no label of its own."""

import re

_WORDS = {
    "shrink perturb": "shrink and perturb",
    "L2 init": "L2 Init",
    "L2 effective rank": "L2-ER",
    "self normalized": "self-normalized",
    "mnist": "MNIST",
    "relu": "ReLU",
}
"""Names that papers write in another way than a key can."""
_VALUE = re.compile(r"(?<=[a-z]{3})(?=-?\d+\.\d)")  # before the number of weight0.001
_NAMES = re.compile(rf"\b({'|'.join(sorted(_WORDS, key=len, reverse=True))})\b")
_SYMBOL = re.compile(r"\b(nc|l)(\d)\b")


def usual_label(arm: str) -> str:
    """Return an arm's key in the field's words: "NC1 spread" of nc1_spread, "shrink and perturb" of shrink_perturb."""
    label = _SYMBOL.sub(lambda found: found[0].upper(), _VALUE.sub(" ", arm.replace("_", " ")))
    return _NAMES.sub(lambda found: _WORDS[found[0]], label)
