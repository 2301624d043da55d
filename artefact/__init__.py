"""make build: the functions and layers as they are uploaded, and what is in them."""
