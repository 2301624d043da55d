"""A market made by code from a seed: prices, listings, two venues."""
