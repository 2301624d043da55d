"""The soak: many simulated hours in virtual time under a plan of faults, every row compared with the truth."""
