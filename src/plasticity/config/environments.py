"""Environments of MuJoCo by Gymnasium's names, looked up without building one. Needs the extra `agents`."""

from importlib.util import find_spec
from typing import Any

from plasticity.errors import PlasticityError


def specification(name: str) -> Any:
    """Return what Gymnasium knows of an environment.

    Raises:
        PlasticityError: If `wrong_with` finds something.
    """
    if wrong := wrong_with(name):
        raise PlasticityError("environment {}: expected {}, got {}".format(name, *wrong))
    import gymnasium  # noqa: PLC0415 - an extra

    return gymnasium.spec(name)


def wrong_with(name: str) -> tuple[str, str] | None:
    """Return what is expected of an environment and what there is instead; None where nothing is wrong."""
    if missing := [package for package in ("gymnasium", "mujoco", "imageio") if find_spec(package) is None]:
        return f"the package {missing[0]}", "none; install it by pip install 'plasticity[agents]'"
    import gymnasium  # noqa: PLC0415 - an extra

    try:
        found = gymnasium.spec(name)
    except gymnasium.error.Error as error:
        return "an environment of Gymnasium", f"{name!r}; {error}"
    if ".mujoco." not in str(found.entry_point):
        return "an environment of MuJoCo, such as Ant-v5", repr(name)
    return None
