"""Who rates the trials: this process one after the other, or Ray's workers, with the same result (docs/tuning.md)."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from quantscout_local.evidence.sweep import Rate, Work, Workers, rate_settings


@contextmanager
def open_workers(work: Work, workers: Workers) -> Iterator[Rate]:
    """Yield what rates a batch of settings, in their order. Ray is imported only where it is used."""
    if workers.address is None and workers.jobs == 1:
        yield lambda batch: [rate_settings(work, settings) for settings in batch]
        return
    make_record = logging.getLogRecordFactory()
    from quantscout_local.evidence.sweep_ray import open_ray  # noqa: PLC0415 - takes seconds

    # Its import has every log record of this process carry a field of its own.
    logging.setLogRecordFactory(make_record)
    with open_ray(work, workers) as rate:
        yield rate
