"""make crash: the run is killed at every stage and at random moments, delivered again, and compared."""
