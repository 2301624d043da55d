"""A month of hours on the state alone: what it costs, how large it gets, and equality with the archive (make state)."""
