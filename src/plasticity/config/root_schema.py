"""The schema of a whole configuration, put together from the classes of its sections."""

from plasticity.config.json_schema import Schema, schema_of_class
from plasticity.config.sections import Sections
from plasticity.config.study_section import Section
from plasticity.config.whole_run import DataSetSettings, Jobs


def schema_of_configuration(sections: Sections) -> Schema:
    """Return the schema of a configuration.

    Args:
        sections: Class of each section by the section's name.
    """
    described = {name: _of_section(kind) for name, kind in sections.items()}
    return {
        "title": "plasticity",
        "type": "object",
        "description": "Configuration of the studies.",
        "unit": "mapping",
        "additionalProperties": False,
        "required": ["dataset", "jobs"],
        "properties": {
            "dataset": schema_of_class(DataSetSettings),
            **described,
            "studies": {
                "type": "array",
                "minItems": 1,
                "uniqueItems": True,
                "items": {"type": "string"},
                "unit": "name",
                "description": "Sections to run, such as [warm_start]; if absent, all. Other sections are ignored and "
                "not checked.",
            },
            "jobs": schema_of_class(Jobs),
        },
    }


def _of_section(kind: type[Section]) -> Schema:
    found = schema_of_class(kind)
    if not kind.study_name:  # its study is unknown, and nothing else can be said
        return {**found, "additionalProperties": True, "required": []}
    named = {**found["properties"]["study"], "enum": [kind.study_name]}
    description = f"{found['description']} Null leaves it out."
    return {**found, "description": description, "properties": {**found["properties"], "study": named}}
