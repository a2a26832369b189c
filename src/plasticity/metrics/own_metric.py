"""Metrics of the user's own code: functions that `@metric` declares, as the package's are, chosen in `measure.metrics`.

    @metric(unit="1", meaning="mean squared feature")
    def activity(features: Tensor, power: float = 2.0) -> float: ...

Parameters with a default are keys of the configuration; the others name what the metric takes
(`plasticity.metrics.evaluate.INPUTS`).
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from inspect import getdoc
from typing import Any, ClassVar

from pydantic import create_model

from plasticity.config.component import Chosen, Component, ComponentError
from plasticity.errors import PlasticityError
from plasticity.metrics.declaring import declared_metrics, is_declared
from plasticity.metrics.evaluate import INPUTS, Value, asked_by
from plasticity.models.foreign import parameters_of
from plasticity.storage.schemas import Column


class OwnMetric(Component, kind="metric"):
    """A metric of the user's own; its fields are the options of its function."""

    outside: ClassVar[Callable[..., float]]
    called: ClassVar[str]

    @property
    def column(self) -> Column:
        """The column that holds it."""
        return self.outside.column  # pyright: ignore[reportFunctionMemberAccess]

    @property
    def function(self) -> Callable[..., float]:
        """The function with its options."""
        return partial(self.outside, **{name: getattr(self, name) for name in type(self).model_fields})

    def checked(self, value: Any) -> Value:
        """Return the function's value.

        Raises:
            PlasticityError: If it is no number.
        """
        whole = self.column.kind == "int" and isinstance(value, int)
        if isinstance(value, bool) or not (whole or isinstance(value, float)):
            raise PlasticityError(f"metric {self.called}: expected a {self.column.kind}, got {type(value).__name__}")
        return value

    @classmethod
    def adapted(cls, outside: object, name: str) -> type[Component]:
        """Return the component of a function from outside the package.

        Raises:
            ComponentError: If `@metric` does not declare it, its column is taken, or it takes something unknown.
        """
        if not is_declared(outside):
            expected = f"{name!r} to be a function that @metric(unit=..., meaning=...) declares"
            got = "one that it does not" if callable(outside) else type(outside).__name__
            raise ComponentError("metric.name", expected=expected, got=got)
        taken = {each.name for each in declared_metrics()}
        if outside.__name__ in taken:
            expected = f"{name!r} to have a name that no metric has"
            raise ComponentError("metric.name", expected=expected, got=f"{outside.__name__!r}, which is built in")
        inputs = asked_by(outside)
        if unknown := [each for each in inputs if each not in {*INPUTS, *taken}]:
            expected = f"{name!r} to take some of {', '.join(INPUTS)} or another metric"
            raise ComponentError("metric.name", expected=expected, got=f"the parameter {unknown[0]!r}")
        fields = parameters_of(outside, name, known=inputs)
        found = create_model(outside.__name__, __base__=cls, __doc__=getdoc(outside), **fields)
        found.outside, found.called = staticmethod(outside), name
        return found


def own_metrics(chosen: Iterable[Chosen | Mapping[str, Any]]) -> tuple[OwnMetric, ...]:
    """Return the metrics that a configuration chooses in `measure.metrics`.

    Raises:
        PlasticityError: If two have one name, or one is not found any more.
    """
    found = [Chosen.model_validate(each).make(OwnMetric, where="metrics") for each in chosen]
    names = [each.column.name for each in found]
    if twice := [name for place, name in enumerate(names) if name in names[:place]]:
        raise PlasticityError(f"measure.metrics: expected metrics of different names, got {twice[0]!r} twice")
    return tuple(found)
