"""No penalty."""

from plasticity.training.penalties.penalty import Penalty


class NoPenalty(Penalty, name="none"):
    """No penalty: the cross-entropy alone."""
