"""The reckoning's package stands at the root of the repository, beside the product's."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
