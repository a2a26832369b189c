"""A preset of a paper's scale has the settings that the paper's numbers need, so that a run of it is compared."""

from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from of_studies import claims_of
from plasticity.config.page_slices import PublishedSettings
from plasticity.report.published.claims import Claim
from plasticity.report.published.comparable import mismatches, missing_arms
from plasticity.studies.configuration import typed_config
from plasticity.studies.continual.plan import PermutedPlan
from plasticity.studies.locomotion.plan import LocomotionPlan
from plasticity.studies.train_test_collapse.plan import TrainTestPlan
from plasticity.studies.warm_start.plan import WarmStartPlan

ROOT = Path(__file__).resolve().parents[3]
# One text speaks of batch-norm statistics that the preset recalibrates instead.
KEPT_STATISTICS = "shrink_perturb_warm_up_accuracy"


PLANS = {"warm_start": WarmStartPlan, "permuted": PermutedPlan, "train_test_collapse": TrainTestPlan}
BESIDE_THE_DEMO = {"locomotion": LocomotionPlan}


def _settings(preset: str, study: str) -> PublishedSettings:
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    update_config(config, yaml.safe_load((ROOT / "config" / preset).read_text(encoding="utf-8")))
    checked = typed_config(config, root=ROOT)
    return {**PLANS, **BESIDE_THE_DEMO}[study](checked).published_settings()


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
    assert {claim.name for claim in compared} == {
        f"dohare_0_{step}_{task}" for step in ("01", "003", "001") for task in (1, 800)
    }


def test_the_demonstration_has_the_settings_of_no_number() -> None:
    for study, plan in PLANS.items():
        config = typed_config(yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8")), root=ROOT)
        settings = plan(config).published_settings()
        assert all(
            mismatches(claim.requires, settings) or missing_arms(claim, settings) for claim in claims_of(study).claims
        )
