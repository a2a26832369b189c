"""The configuration of the study of agents: every key with its range, unit and meaning."""

from pathlib import Path
from typing import Annotated, Any, ClassVar

from plasticity.config.agent_section import QLearning, RewardKind
from plasticity.config.agent_slices import AgentMeasure
from plasticity.config.analysis_section import Analysis
from plasticity.config.component import Chosen, chosen
from plasticity.config.data_requests import SequenceAsked, SequenceRequest
from plasticity.config.findings import Findings
from plasticity.config.overrides import Overrides, Overriding
from plasticity.config.settings import Distinct, setting
from plasticity.config.study_section import Arm, FigureStyle, NameOf, NameOfFigure, Section, Seed, arms_of
from plasticity.config.training_section import Intervention, Model
from plasticity.studies.agents.consistency import check_agents
from plasticity.studies.study_figures import figures_field

_IMAGES = Chosen(name="random_labels")  # a task of as many images as agents see


class AgentTraining(QLearning):
    """Q-learning, unless an arm overrides it."""

    steps: int = setting("Length of the training.", unit="steps", ge=1)
    checkpoint_every: int = setting(
        "Steps between two checkpoints, whole periods of the target network.", unit="steps", ge=1
    )


class AgentArm(Arm):
    """An experiment; without any key, its agents are trained with the study's settings."""

    model: Annotated[Chosen | None, chosen("model", "This arm's network; if absent, the study's.")] = None
    training: Annotated[Overrides | None, Overriding(AgentTraining, single=("steps", "checkpoint_every"))] = setting(
        "Training settings in which this arm differs.", unit="mapping", default=None
    )
    intervention: Intervention | None = None


class AgentsSection(Section, study="agents"):
    """The study of agents; Q-learning in block MDPs of images (Lyle et al. 2023)."""

    measured_trainings: ClassVar[tuple[str, ...]] = ("training",)

    seeds: Distinct[Seed] = setting("One agent of every arm in every environment per seed.", unit="1")
    environments: Distinct[RewardKind] = setting(
        "Environments that every arm acts in: the right action is an image's class, a random action drawn for each "
        "image, or the class with a reward in the last state alone.",
        unit="name",
    )
    train_size: int | None = setting(
        "Images that an agent sees, drawn from the seed; null: all. Random labels of more than 2,000 images cost "
        "little plasticity.",
        unit="images",
        ge=1,
    )
    model: Model
    training: AgentTraining
    arms: dict[NameOf, AgentArm] = arms_of(
        "Experiments: each is an arm per environment, named <experiment>_<environment>, or, with a list instead of a "
        "number, one per value as well. Interventions act at every update of the target network."
    )
    measure: AgentMeasure
    analysis: Analysis
    figures: dict[NameOfFigure, FigureStyle] = figures_field(Path(__file__).parent, on_request=("probe_loss_by_size",))

    def data_requests(self, name: str) -> list[SequenceRequest]:
        """Return what the section, which has this name, asks of the data set."""
        asked = SequenceAsked(train_size=self.train_size, tasks=_IMAGES, number=1)
        return [SequenceRequest(settings=asked, section=name, measured=self.measure.most_images())]

    @classmethod
    def check(cls, name: str, study: dict[str, Any], findings: Findings) -> None:
        """Record lengths that do not fit, and methods and networks that a stack of agents cannot carry."""
        usual = {key: each.default for key, each in AgentTraining.model_fields.items() if not each.is_required()}
        check_agents(name, study, usual, findings)
