"""Tables of the study of agents."""

from plasticity.storage.schemas import Table, columns
from plasticity.studies.shared_columns import DIVERGED, EXPERIMENT_RUN, NEURAL_COLLAPSE, OTHER_METRICS

_ENVIRONMENT = columns(
    ("environment", "str", "name", "true_label, random_label or sparse: what the block MDP rewards"),
)

_SIZE = columns(("parameters", "int", "1", "trainable parameters of the network"))

_STEP = columns(("step", "int", "steps", "steps of the environment, and updates, before the checkpoint"))

_BEHAVIOUR = columns(
    ("reward", "float", "1", "mean reward per step since the last update of the target network"),
    ("right_actions", "float", "fraction", "share of right actions in these steps, random ones included"),
    ("loss", "float", "1", "mean loss of these updates: squared error, or cross-entropy in nats of two-hot values"),
)

_MEASURED = (
    NEURAL_COLLAPSE
    + OTHER_METRICS
    + columns(
        (
            "weight_rank",
            "float",
            "1",
            "effective rank of a hidden layer's weights, mean over layers",
        ),
        ("greedy_accuracy", "float", "fraction", "share of the agent's images whose highest-valued action is right"),
    )
)

AGENT_HISTORY = Table(
    "agent_history",
    columns(("seed", "int", "1", "seed of the run")) + _STEP + _BEHAVIOUR + DIVERGED,
)

AGENT_CHECKPOINTS = Table("agent_checkpoints", EXPERIMENT_RUN + _ENVIRONMENT + _SIZE + _STEP + _MEASURED + DIVERGED)

AGENTS = Table(
    "agents",
    EXPERIMENT_RUN
    + _ENVIRONMENT
    + columns(
        ("network", "str", "name", "network, by its differences from the section's own"),
        ("optimizer", "str", "name", "optimizer"),
        ("target_period", "int", "steps", "steps between two updates of the target network"),
    )
    + _SIZE
    + _STEP
    + _BEHAVIOUR
    + _MEASURED
    + DIVERGED,
)

FALSIFICATION = Table(
    "falsification",
    columns(
        ("kind", "str", "name", "what the agents are grouped by: environment or network"),
        ("quantity", "str", "name", "quantity at the last checkpoint; ln of it where it spans orders of magnitude"),
        ("group", "str", "name", "the group; all in the row that compares the signs of the groups"),
        (
            "slope",
            "float",
            "1",
            "probe loss per standard deviation of the quantity, over the agents of the group, least squares",
        ),
        ("ci_low", "float", "1", "lower end of the slope's t interval (jackknife over seeds)"),
        ("ci_high", "float", "1", "upper end"),
        ("p_value", "float", "1", "two-sided p-value of a slope of zero"),
        ("p_adjusted", "float", "1", "the same after Holm's correction for all quantities and groups of the kind"),
        ("n_tests", "int", "1", "number of tests corrected together"),
        (
            "verdict",
            "str",
            "name",
            "of a group: positive, negative or undecided; of all: falsified, one sign or undecided",
        ),
        ("n_agents", "int", "1", "agents of the group"),
        ("n_seeds", "int", "1", "seeds of the group"),
        ("n_excluded", "int", "1", "agents excluded: diverged, or with a missing number"),
        ("note", "str", "text", "why a number is missing"),
    ),
)
