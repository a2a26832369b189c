# Does neural collapse explain plasticity loss?
#   snakemake --cores 2                                      the demonstration of config.yaml
#   snakemake --cores 2 --configfile config/paper.yaml       the same study at another scale
#   snakemake --report results/report.html                   figures, tables and how they were made
#   snakemake --cores 1 verify                               are all files still what was written?
# A study's stages are in workflow/rules/<study>.smk; each calls one function of src/plasticity/<stage>.py.

from snakemake.utils import min_version

min_version("9.20")


configfile: "config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"


if WARM_START is not None:

    include: "workflow/rules/warm_start.smk"


if PERMUTED is not None:

    include: "workflow/rules/permuted.smk"


if TRAIN_TEST is not None:

    include: "workflow/rules/train_test_collapse.smk"


include: "workflow/rules/published.smk"
include: "workflow/rules/reproduction.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/verify.smk"


rule all:
    default_target: True
    input:
        warm_start_targets(),
        permuted_targets(),
        not_run_targets(),
        train_test_targets(),
        rules.show_config.output.page,
        rules.draw_curves.output.page,
        rules.collect_benchmarks.output,


rule warm_start:
    input:
        warm_start_targets(),


rule permuted:
    input:
        permuted_targets(),


rule train_test_collapse:
    input:
        train_test_targets(),


rule reproduction_page:
    input:
        [f"docs/reproduction/{study}_{DATASET}.md" for study in COMPARED],
