"""No penalty."""

from typing import ClassVar

from plasticity.training.penalties.penalty import Penalty


class NoPenalty(Penalty, name="none"):
    """No penalty: the cross-entropy alone."""

    in_compiled_loop: ClassVar[bool] = True
