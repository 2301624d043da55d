"""Trials on Ray: workers of this machine, or a cluster by its address.

Usage statistics and the dashboard are off. A cluster is asked first by a process of its own, for 90 s at most: Ray's
own attempt would wait for minutes and then end this process.
"""

import logging
import os
import secrets
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
import ray

from quantscout.errors import InputError, QuantScoutError, SourceError
from quantscout.settings import Settings
from quantscout_local.evidence.sweep import Rate, Rated, Work, Workers, rate_settings

PROBE = "import sys, ray; ray.init(address=sys.argv[1], logging_level='ERROR', log_to_driver=False); ray.shutdown()"
PROBE_S, REACH_S = 90.0, 5.0
LOCKED = " (it wants a token: set RAY_AUTH_MODE=token and RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH)"
ELSE = "check the address, or leave --address out to use this machine's cores"


@contextmanager
def open_ray(work: Work, workers: Workers) -> Iterator[Rate]:
    """Yield what rates settings on Ray; the work is put into its store once. Shut down at the end, whatever happens.

    Raises InputError for an address at which no cluster answers, SourceError where a cluster is lost.
    """
    with tempfile.TemporaryDirectory(prefix="quantscout-ray-", ignore_cleanup_errors=True) as folder:
        _begin(workers, folder)
        try:
            held = ray.put(work)
            task = ray.remote(rate_settings)

            def rate(batch: Sequence[Settings]) -> list[Rated]:
                found: list[Rated] = ray.get([task.remote(held, settings) for settings in batch])
                return found

            yield rate
        except ray.exceptions.RayError as cause:
            raise _lost(cause) from cause
        finally:
            ray.shutdown()


def _lost(cause: Exception) -> QuantScoutError:
    reason = str(cause).strip().splitlines()[-1]
    if "ModuleNotFoundError" in reason or "ImportError" in reason:
        return InputError(f"the cluster's workers lack this program ({reason}): install the same version there")
    said = f"the workers were lost ({reason}); finished trials are kept, run the same command again"
    return SourceError("ray", "unavailable", said)


def _begin(workers: Workers, folder: str) -> None:
    if workers.address is not None:
        connect(workers.address)
        return
    # Ray asks for a token by default, and would write one into the home folder: this one is in no file.
    if not {"RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"} & set(os.environ):
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)
    ray.init(
        address="local", num_cpus=workers.jobs, include_dashboard=False, log_to_driver=False,
        logging_level=logging.ERROR, _temp_dir=folder,
    )  # fmt: skip


def connect(address: str) -> None:
    """Join a cluster: `auto` (one that runs on this machine), HOST:PORT of its head, or ray://HOST:PORT."""
    _reach(address)
    _probe(address)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
    except (ConnectionError, RuntimeError, ValueError, ray.exceptions.RayError) as cause:
        raise _refused(address, str(cause)) from cause


def _reach(address: str) -> None:
    """Open a connection (InputError where nothing listens): what is not there is known at once."""
    if address == "auto":
        return
    host, port = address.removeprefix("ray://").split(":")
    try:
        socket.create_connection((host, int(port)), timeout=REACH_S).close()
    except (OSError, OverflowError) as cause:
        raise _refused(address, f"nothing listens there ({cause})") from cause


def _probe(address: str) -> None:
    """Try to join in another process (InputError if it fails or takes too long)."""
    try:
        tried = subprocess.run(
            [sys.executable, "-c", PROBE, address], capture_output=True, text=True, timeout=PROBE_S, check=False
        )
    except subprocess.TimeoutExpired as cause:
        raise _refused(address, f"no answer within {PROBE_S:.0f} s") from cause
    if tried.returncode:
        raise _refused(address, tried.stderr or tried.stdout or f"exit code {tried.returncode}")


def _refused(address: str, said: str) -> InputError:
    locked = "auth" in said.lower() and "token" in said.lower()
    reason = said.strip().splitlines()[-1][:300]
    return InputError(f"no cluster can be joined at {address}: {reason}{LOCKED if locked else ''}; {ELSE}")
