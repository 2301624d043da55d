"""QuantScout: an hourly screener of micro-cap crypto perpetuals. Public data only; it never trades."""

__version__ = "0.1.0"
METHOD_VERSION = "1.1.0"
"""Changes whenever a definition behind a published number changes (docs/decisions/0003-conventions.md)."""
SCHEMA_VERSION = "1.2"
"""Version of the report's JSON Schema: additive changes only within a major version (docs/report.md)."""
