"""The one error type whose text is written for the person who runs the workflow."""


class PlasticityError(Exception):
    """Bad input or a damaged file, reported in one line: what was expected and what was got.

    Stages raise it for everything a user can mend. `plasticity.jobs.logs.log_to` prints the line without a traceback;
    any other exception is a defect of this package and keeps its traceback in the rule's log.
    """
