"""Hours of the real archive whose results are stored, and what becomes of the contracts over many of them."""
