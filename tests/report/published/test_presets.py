"""A preset of a paper's scale has the settings that the paper's numbers need, so that a run of it is compared."""

from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from of_studies import claims_of
from plasticity.config.page_slices import PublishedSettings
from plasticity.report.published.claims import Claim
from plasticity.report.published.comparable import mismatches, missing_arms
from plasticity.studies.agents.plan import AgentsPlan
from plasticity.studies.configuration import typed_config
from plasticity.studies.continual.plan import PermutedPlan
from plasticity.studies.locomotion.plan import LocomotionPlan
from plasticity.studies.train_test_collapse.plan import TrainTestPlan
from plasticity.studies.warm_start.plan import WarmStartPlan

ROOT = Path(__file__).resolve().parents[3]
# One text speaks of batch-norm statistics that the preset recalibrates instead.
KEPT_STATISTICS = "shrink_perturb_warm_up_accuracy"


PLANS = {"warm_start": WarmStartPlan, "permuted": PermutedPlan, "train_test_collapse": TrainTestPlan}
BESIDE_THE_DEMO = {"locomotion": LocomotionPlan, "agents": AgentsPlan}


def _settings(preset: str, study: str, root: Path = ROOT) -> PublishedSettings:
    """Return what a run of a preset is, as the study of its first section."""
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    overlay = yaml.safe_load((ROOT / "config" / preset).read_text(encoding="utf-8"))
    update_config(config, overlay)
    checked = typed_config({key: value for key, value in config.items() if value is not None}, root=root)
    return {**PLANS, **BESIDE_THE_DEMO}[study](checked, name=overlay["studies"][0]).published_settings()


def _claims(study: str, source: str) -> list[Claim]:
    return [claim for claim in claims_of(study).claims if claim.source == source]


@pytest.mark.parametrize(
    ("preset", "study", "source"),
    [
        ("paper.yaml", "warm_start", "Bonifazi et al. 2024"),
        ("permuted_mnist.yaml", "permuted", "Bonifazi et al. 2024"),
        ("slippery_ant.yaml", "locomotion", "Dohare et al. 2024"),
    ],
)
def test_a_paper_s_preset_has_the_published_settings(preset: str, study: str, source: str) -> None:
    settings = _settings(preset, study)
    for claim in _claims(study, source):
        differing = mismatches({**claim.requires, **claim.other}, settings)
        expected = ["intervention.batch_norm recalibrate, published keep"] if claim.name == KEPT_STATISTICS else []
        assert (claim.name, missing_arms(claim, settings), differing) == (claim.name, [], expected)


FIGURES = {
    "train_test_collapse": ("fig5_mlp_", "fig6_"),
    "train_test_collapse_mnist_networks": ("fig2_mnist_",),
    "train_test_collapse_fashion_mnist": ("fig2_fashion_mnist_", "fig4_vgg_"),
    "train_test_collapse_cifar10": ("fig1_", "fig2_cifar10_", "fig3_", "fig4_resnet_", "fig5_resnet_"),
    "train_test_collapse_svhn": ("fig2_svhn_",),
    "train_test_collapse_stl10": ("fig2_stl10_",),
}
"""Presets of the train-test study, and the claims that are of their data set."""


@pytest.mark.parametrize("preset", FIGURES)
def test_a_preset_of_the_train_test_study_has_the_settings_of_its_figures(preset: str) -> None:
    settings = _settings(f"{preset}.yaml", "train_test_collapse")
    claims = claims_of("train_test_collapse").claims
    assert [name for name in FIGURES[preset] if not any(claim.name.startswith(name) for claim in claims)] == []
    for claim in claims:
        own = claim.name.startswith(FIGURES[preset])
        assert bool(missing_arms(claim, settings) or mismatches(claim.requires, settings)) != own, claim.name
        assert not own or mismatches(claim.other, settings) == [], claim.name


def test_every_figure_of_the_train_test_study_has_a_preset() -> None:
    named = tuple(name for names in FIGURES.values() for name in names)
    assert all(claim.name.startswith(named) for claim in claims_of("train_test_collapse").claims)


def test_the_preset_of_wide_networks_has_the_settings_of_the_widest_published_ones() -> None:
    settings = _settings("permuted_dohare.yaml", "permuted")
    claims = _claims("permuted", "Dohare et al. 2024")
    compared = [claim for claim in claims if not missing_arms(claim, settings) + mismatches(claim.requires, settings)]
    levels = {f"dohare_0_{step}_{task}" for step in ("01", "003", "001") for task in (1, 800)}
    assert {claim.name for claim in compared} == {*levels, "dohare_order_of_steps"}


# A preset is of one network and one data set; these are for another, named in its first lines.
BY_ANOTHER_COMMAND = ("dohare_width_", "fig9_")
SEQUENCES = [(study, claim) for study in ("permuted", "agents") for claim in claims_of(study).claims if claim.preset]


@pytest.mark.parametrize("preset", dict.fromkeys(claim.preset for _, claim in SEQUENCES))
def test_a_claim_can_be_compared_with_a_run_of_the_preset_that_it_names(preset: str, tmp_path: Path) -> None:
    (tmp_path / "data/imagenet32").mkdir(parents=True)  # files that users have
    claims = [(study, claim) for study, claim in SEQUENCES if claim.preset == preset and not claim.not_comparable]
    settings = _settings(Path(preset).name, claims[0][0], tmp_path)
    for _, claim in claims:
        missing = [*missing_arms(claim, settings), *mismatches(claim.requires, settings)]
        assert bool(missing) == claim.name.startswith(BY_ANOTHER_COMMAND), (claim.name, missing)


def test_the_demonstration_has_the_settings_of_no_number() -> None:
    for study, plan in PLANS.items():
        config = typed_config(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")), root=ROOT)
        settings = plan(config).published_settings()
        assert all(
            mismatches(claim.requires, settings) or missing_arms(claim, settings) for claim in claims_of(study).claims
        )
