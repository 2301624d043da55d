"""Faults by a seeded plan, put around the answers of the honest market: the truth without them stays available."""
