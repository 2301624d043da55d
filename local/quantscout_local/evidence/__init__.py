"""The evidence: history replayed, picks judged by what came after, figures with intervals; never shipped to Lambda."""

from pathlib import Path

REPLAY_OUT = Path("out") / "replay"
"""Where a replay is written, and looked for, unless somebody says otherwise."""
