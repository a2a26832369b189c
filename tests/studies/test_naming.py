"""Names of trainings, which are parts of paths."""

from plasticity.studies.naming import network_name, training_name
from typed import chosen

BASE = {"learning_rate": 0.1, "penalty": {"name": "none"}}


def test_a_training_is_named_by_what_distinguishes_it() -> None:
    assert training_name(BASE, BASE) == "plain"
    assert training_name({**BASE, "learning_rate": 0.2}, BASE) == "learning_rate0.2"
    assert training_name({**BASE, "learning_rate": 1.0}, BASE) == "learning_rate1"
    assert training_name({**BASE, "penalty": {"name": "nc1", "weight": 1, "cap": 2}}, BASE) == "nc1_cap2_weight1"


def test_a_component_of_ones_own_has_a_name_that_is_a_file_name() -> None:
    penalty = {"name": "my_lab.penalties:FeatureNorm", "weight": 3}
    assert training_name({**BASE, "penalty": penalty}, BASE) == "my_lab.penalties.FeatureNorm_weight3"


def test_a_network_is_named_by_what_distinguishes_it_from_the_studys_own_or_from_the_usual() -> None:
    usual = chosen({"name": "mlp", "hidden": [100], "layer_norm": False})
    assert network_name(usual, usual) == ""
    assert network_name(chosen({"name": "mlp", "hidden": [5, 6], "layer_norm": False}), usual) == "mlp_hidden5-6"
    assert network_name(chosen({"name": "vit", "width": 256, "patch": 4}), usual) == "vit_patch4"
    assert training_name({**BASE, "learning_rate": 0.2}, BASE, "vit_patch4") == "vit_patch4_learning_rate0.2"
    assert training_name(BASE, BASE, "vit_patch4") == "vit_patch4"
