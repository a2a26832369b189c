"""What a configuration asks for, study by study: names, settings and files of jobs, without any path or torch."""

from plasticity.plan.permuted import PermutedPlan
from plasticity.plan.train_test_collapse import TrainTestPlan
from plasticity.plan.warm_start import WarmStartPlan

__all__ = ["PermutedPlan", "TrainTestPlan", "WarmStartPlan"]
