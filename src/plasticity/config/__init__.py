"""The configuration: checked against its classes and itself before any work starts."""

from plasticity.config.arms import expand_arm, expand_lists, single_arms
from plasticity.config.command_line import typed, typed_as_given
from plasticity.config.findings import ConfigError
from plasticity.config.load import Configuration, as_typed, load_config, typed_config
from plasticity.config.repeated import refuse_repeated_keys

__all__ = [
    "ConfigError",
    "Configuration",
    "as_typed",
    "expand_arm",
    "expand_lists",
    "load_config",
    "refuse_repeated_keys",
    "single_arms",
    "typed",
    "typed_as_given",
    "typed_config",
]
