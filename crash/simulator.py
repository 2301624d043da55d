"""The simulator's process with a market that is small enough for a run to take a second or two."""

import sys

from soak.market import make_small_market

from quantscout_local.simulator import __main__ as server

if __name__ == "__main__":
    setattr(server, "make_market", make_small_market)  # noqa: B010 - the name that it makes its market by
    sys.exit(server.main())
