"""Environments of MuJoCo by Gymnasium's names, looked up without building one. Needs the extra `agents`."""

from importlib.util import find_spec
from typing import Any

from plasticity.errors import PlasticityError


def specification(name: str) -> Any:
    """Return what Gymnasium knows of a MuJoCo environment, without building it.

    Raises:
        PlasticityError: If Gymnasium or MuJoCo is missing, or there is no such environment.
    """
    if missing := [package for package in ("gymnasium", "mujoco", "imageio") if find_spec(package) is None]:
        raise PlasticityError(f"{name}: expected the package {missing[0]}; pip install 'plasticity[agents]'")
    import gymnasium  # noqa: PLC0415 - an extra

    try:
        found = gymnasium.spec(name)
    except gymnasium.error.Error as error:
        raise PlasticityError(f"expected an environment of Gymnasium, got {name!r}: {error}") from None
    if ".mujoco." not in str(found.entry_point):
        raise PlasticityError(f"expected an environment of MuJoCo, such as Ant-v5, got {name!r}")
    return found
