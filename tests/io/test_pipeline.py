"""One hour from the venues to the report, over two venues in memory and DynamoDB in memory."""

from world import World


def test_an_hour_ends_in_five_picks(world: World) -> None:
    """Two sound venues and an empty state are enough for a report with five picks."""
    import time
    t = time.time()
    done = world.screen()
    print(time.time() - t)
    r = done.report
    print(r.status, r.gate_level, r.gate_reason, r.funnel, r.sources, r.warnings, r.regime, [(g.symbol, g.exchange, g.coverage, g.missing) for g in r.ranked_gems])
    assert len(r.ranked_gems) == 5
    t = time.time()
    world.next_hour()
    print(time.time() - t)
    assert 0
