"""The published JSON Schema of the report."""

import json

from quantscout.models import Report


def report_schema_text() -> str:
    """Return the schema of the report as it is published: the names and forms that `Report.to_json` writes."""
    schema = Report.model_json_schema(by_alias=True, mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
