"""What an archive does not hold, derived from bars that had closed at the moment asked for."""
