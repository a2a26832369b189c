"""Tables of the statistics: correlations, causes and explanations, in a section and across sections."""

from plasticity.storage.schemas import Table, columns

CORRELATIONS = Table(
    "correlations",
    columns(
        ("metric", "str", "name", "column of the metrics table"),
        ("outcome", "str", "name", "outcome that it is correlated with"),
        (
            "arm",
            "str",
            "name",
            "arm of the study; an experiment, or the first of several arms, where runs are compared",
        ),
        ("method", "str", "name", "pearson, spearman, partial_linear, partial_log, partial_spline, first_difference"),
        ("window_start", "int", "epoch, task or iteration", "first checkpoint or task of the window"),
        ("window_end", "int", "epoch, task or iteration", "last checkpoint or task of the window"),
        ("estimate", "float", "1", "correlation coefficient; missing where it is undefined"),
        ("ci_low", "float", "1", "lower end of Student's t interval over seeds; missing where aggregate is seed"),
        ("ci_high", "float", "1", "upper end of Student's t interval over seeds; missing where aggregate is seed"),
        ("n_seeds", "int", "1", "seeds that contribute"),
        (
            "aggregate",
            "str",
            "name",
            "seed: one seed; mean: mean of the seeds; pooled: all runs at once; within: all runs, less the mean of "
            "their seed; averaged: series of means over the seeds",
        ),
        ("seed", "int", "1", "the seed where aggregate is seed; missing otherwise"),
        (
            "window_kind",
            "str",
            "name",
            "sliding, all, first_phase, second_phase; task where runs are compared on one task; weight_decays where "
            "arms of the train-test study that differ in it alone are compared at their last checkpoints",
        ),
        ("n_points", "int", "1", "number of points over all seeds; differences for first_difference"),
        ("n_excluded", "int", "1", "points of the window excluded: diverged or not finite"),
        ("note", "str", "text", "why an estimate or interval is missing, and what was excluded; empty otherwise"),
    ),
)

CAUSES = Table(
    "causes",
    columns(
        ("question", "str", "name", "beyond_length, dose_response, mediation, power"),
        (
            "quantity",
            "str",
            "name",
            "correlation, regression_slope; slope, contrast; direct, indirect, mediator_slope, rho_at_zero; "
            "independent_networks",
        ),
        ("treatment", "str", "name", "arm or dose series of the row; empty where all arms are used"),
        ("metric", "str", "name", "predictor: log_nc1 (natural logarithm of nc1), another metric, or a dose"),
        ("outcome", "str", "name", "accuracy on the next task, or log_nc1 at its start"),
        ("method", "str", "name", "method, as named in docs/statistics.md"),
        ("window_kind", "str", "name", "all, first_phase, second_phase; second_task, thresholds"),
        ("window_start", "int", "epoch or task", "first checkpoint, or first next task, of the window"),
        ("window_end", "int", "epoch or task", "last checkpoint, or last next task, of the window"),
        ("estimate", "float", "column unit", "the estimate; missing where it is undefined"),
        ("unit", "str", "text", "unit of estimate, intervals and published size; accuracies are fractions"),
        ("ci_low", "float", "column unit", "lower end of Student's t interval, jackknife over seeds"),
        ("ci_high", "float", "column unit", "upper end of Student's t interval, jackknife over seeds"),
        ("n_seeds", "int", "1", "seeds that contribute"),
        ("n_points", "int", "1", "number of transitions, or pairs of them"),
        ("n_excluded", "int", "1", "transitions excluded, diverged or not finite; 0 for a subset of its arms"),
        ("p_value", "float", "1", "two-sided p-value of no effect, from the t interval's distribution"),
        ("p_adjusted", "float", "1", "the same after Holm's correction for n_tests tests"),
        ("n_tests", "int", "1", "number of tests corrected together: all of the same question"),
        ("expected_sign", "float", "1", "sign expected if collapse hurts plasticity; missing where none is expected"),
        ("published", "float", "column unit", "published size of the quantity; missing if there is none"),
        ("power", "float", "fraction", "power of these seeds to detect the published size, at their spread"),
        (
            "seeds_needed",
            "int",
            "1",
            "seeds needed to detect the published size with power 0.8, at this study's spread",
        ),
        (
            "verdict",
            "str",
            "name",
            "supports, contradicts, above zero, below zero, smaller than published, undecided, undefined, no test, "
            "enough seeds, too few seeds; the rule is in docs/statistics.md",
        ),
        ("series", "str", "name", "quantity in which the arms of a dose series differ; empty otherwise"),
        ("dose", "float", "column series", "dose of a contrast's arm in its series; missing otherwise"),
        ("dose_low", "float", "column series", "smallest dose of a slope's series; missing otherwise"),
        ("dose_high", "float", "column series", "largest dose of a slope's series; missing otherwise"),
        ("note", "str", "text", "why a number is missing, and what was excluded; empty otherwise"),
    ),
)

_PREDICTED = columns(
    ("skill", "float", "1", "1 − squared error / that of the mean; 1 is exact, 0 no better, below 0 worse"),
    ("skill_low", "float", "1", "lower end of Student's t interval of the skill, jackknife over seeds"),
    ("skill_high", "float", "1", "upper end of Student's t interval of the skill, jackknife over seeds"),
    ("gain", "float", "1", "skill of the quantity and the task number together minus that of the number alone"),
    ("gain_low", "float", "1", "lower end of Student's t interval of the gain, jackknife over seeds"),
    ("gain_high", "float", "1", "upper end of Student's t interval of the gain, jackknife over seeds"),
    ("p_value", "float", "1", "two-sided p-value of no gain, from the t interval's distribution"),
)
_COUNTED = columns(
    ("n_arms", "int", "1", "number of arms; those that repeat another arm's runs count once"),
    ("n_points", "int", "1", "pairs of successive tasks"),
    ("n_excluded", "int", "1", "pairs excluded because the quantity is missing or not finite"),
    ("note", "str", "text", "why a number is missing; empty otherwise"),
)

EXPLANATIONS = Table(
    "explanations",
    (
        *columns(
            (
                "quantity",
                "str",
                "name",
                "quantity after a task, or start_… of the next one; task, its number, is the baseline for all others",
            ),
            ("loss", "str", "name", "loss on the next task, which is predicted"),
            (
                "scope",
                "str",
                "name",
                "held-out part: within_run, the task, predicted from the run's other tasks; across_seeds, the seed, "
                "from the arm's other seeds; across_arms, experiment and seed, from other experiments in other seeds",
            ),
        ),
        *_PREDICTED,
        *columns(
            ("p_adjusted", "float", "1", "the same after Holm's correction for all quantities of a loss and scope"),
            ("n_seeds", "int", "1", "seeds that contribute"),
        ),
        *_COUNTED,
        *columns(
            (
                "gain_beyond",
                "float",
                "1",
                "what the quantity adds to the skill of the task number and the other quantities of analysis.beyond "
                "together; missing where none are declared",
            ),
            ("gain_beyond_low", "float", "1", "lower end of Student's t interval of gain_beyond, jackknife over seeds"),
            (
                "gain_beyond_high",
                "float",
                "1",
                "upper end of Student's t interval of gain_beyond, jackknife over seeds",
            ),
            ("p_value_beyond", "float", "1", "two-sided p-value of no gain_beyond, without a correction"),
        ),
    ),
)

EXPLANATIONS_ACROSS = Table(
    "explanations_across",
    (
        *columns(
            (
                "quantity",
                "str",
                "name",
                "quantity after a task, or start_… of the next one, as a rank in its section; task, its number, is the "
                "baseline for all others",
            ),
            ("loss", "str", "name", "loss on the next task, in standard deviations of its section, which is predicted"),
            (
                "section",
                "str",
                "name",
                "held-out section, predicted in each seed from the other sections in other seeds; empty for the mean "
                "over the sections",
            ),
        ),
        *_PREDICTED,
        *columns(
            ("p_adjusted", "float", "1", "the same after Holm's correction for all quantities of a loss and section"),
            ("n_seeds", "int", "1", "seeds that are predicted in the section with the fewest"),
        ),
        *_COUNTED,
    ),
)
