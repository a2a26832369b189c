# Does neural collapse explain plasticity loss?
#   snakemake --cores 2                                      the demonstration of config.yaml
#   snakemake --cores 2 --configfile config/paper.yaml       the same study at another scale
#   snakemake --report results/report.html                   figures, tables and how they were made
#   snakemake --cores 1 verify                               are all files still what was written?
#   snakemake --list                                         all rules, and what each does
# A study's stages are in workflow/rules/<study>.smk; each runs one function of src/plasticity/stages.

import os

from snakemake.utils import min_version

min_version("9.20")


configfile: next(filter(os.path.exists, ["config.yaml", f"{workflow.current_basedir}/config.yaml"]))


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/data.smk"


for study_name in STUDIES:

    include: f"workflow/rules/{study_name}.smk"


include: "workflow/rules/analysis.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/verify.smk"


rule all:
    """Make all results of all sections of the configuration, for the report."""
    default_target: True
    input:
        [path for section in SECTIONS for path in targets(section)],
        across_targets(),
        not_run_targets(),
        of_the_run(),
