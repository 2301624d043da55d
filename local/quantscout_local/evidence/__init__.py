"""The evidence: history replayed, picks judged by what came after, figures with intervals; never shipped to Lambda."""
