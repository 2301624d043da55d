"""The answers of each venue: shapes, units and errors as the venue sends them."""
