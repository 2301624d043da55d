"""make runtime: the built artefact under Lambda's runtime interface emulator, one hour from backfill to message."""
