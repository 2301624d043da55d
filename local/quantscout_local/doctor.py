"""`quantscout doctor`: can this place run QuantScout, and if not, why? A handful of gentle requests, one screen."""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from quantscout import __version__
from quantscout.environment import Environment, parse_environment
from quantscout.http import SourceClient, Transport
from quantscout.limits import Clock, build_budgets
from quantscout.secrets import SourceKeys, load_keys
from quantscout.settings import Settings
from quantscout.venues import binance, coinalyze, coingecko, kucoin
from quantscout_local.account import asking, check_credentials
from quantscout_local.doctor_binance import look_at_binance
from quantscout_local.doctor_exam import Exam, look
from quantscout_local.doctor_findings import VENUES, Diagnosis, SourceFinding, SourceName
from quantscout_local.doctor_keyed import look_at_coinalyze, look_at_coingecko
from quantscout_local.doctor_kucoin import look_at_kucoin, look_at_unified
from quantscout_local.doctor_reasons import MEANING
from quantscout_local.doctor_screen import LABELS, print_diagnosis
from quantscout_local.doctor_witness import Patient
from quantscout_local.terminal import open_console

ADDRESSES = ("BINANCE_URL", "KUCOIN_URL", "KUCOIN_UNIFIED_URL", "COINALYZE_URL", "COINGECKO_URL", "CLOCK_OFFSET_S")
"""Read from the environment as the functions do; the rest of theirs concerns AWS."""
EXIT_CANNOT = 1
Findings = tuple[SourceFinding, ...]


class Place(NamedTuple):
    """From where and with what the sources are asked; `transport` is the network unless a test says otherwise."""

    environment: Environment
    keys: SourceKeys
    transport: Transport | None = None
    clock: Clock = time.time


def run_doctor(variables: Mapping[str, str], keys_secret: str | None, *, as_json: bool) -> int:
    """Examine all sources and print the diagnosis; return 0 when both venues can serve a run, else 1 (InputError)."""
    place = read_place(variables, keys_secret)
    diagnosis = asyncio.run(diagnose(place))
    if as_json:
        print(diagnosis.model_dump_json(indent=2))
    else:
        print_diagnosis(diagnosis, open_console())
    return 0 if diagnosis.can_run else EXIT_CANNOT


def read_place(variables: Mapping[str, str], keys_secret: str | None) -> Place:
    """Return addresses, clock and keys as the environment (or the secret) gives them (InputError)."""
    known = {name: variables[name] for name in ADDRESSES if variables.get(name)}
    environment = parse_environment({"TABLE_NAME": "not-asked", **known})
    names = ("coinalyze_api_key", "coingecko_api_key")
    given = SourceKeys.model_validate({name: variables.get(name.upper(), "").strip() for name in names})
    offset_s = environment.clock_offset_s
    return Place(environment, _read_keys(keys_secret) if keys_secret else given, None, lambda: time.time() + offset_s)


def _read_keys(keys_secret: str) -> SourceKeys:
    what = f"the secret '{keys_secret}'"
    check_credentials(what)  # the product says only that it cannot be read: it goes on without keys
    with asking(what):
        return load_keys(keys_secret)


async def diagnose(place: Place) -> Diagnosis:
    """Return what is found; the sources are asked at the same time, each of them one thing after the other."""
    async with AsyncExitStack() as stack:
        exams = [await _opened(stack, exam) for exam in _exams(place)]
        on_binance, on_kucoin, on_unified, on_coinalyze, on_coingecko = exams
        of_binance, of_kucoin, of_coinalyze, of_coingecko = await asyncio.gather(
            look(on_binance, look_at_binance),
            look(on_kucoin, look_at_kucoin),
            look(on_coinalyze, look_at_coinalyze),
            look(on_coingecko, look_at_coingecko),
        )
        futures = on_kucoin if of_kucoin is None else None
        of_unified = await look(on_unified, partial(look_at_unified, futures=futures))
        errors = of_binance, of_kucoin, of_unified, of_coinalyze, of_coingecko
        found = tuple(exam.conclude(error) for exam, error in zip(exams, errors, strict=True))
    return _diagnosis(found, place.clock)


async def _opened(stack: AsyncExitStack, exam: Exam) -> Exam:
    await stack.enter_async_context(exam.patient.client)
    return exam


def _exams(place: Place) -> list[Exam]:
    """Return one examination per source, with the product's own client of each."""
    there, keys, clock = place.environment, place.keys, place.clock
    aggregates, supply = keys.coinalyze_api_key.get_secret_value(), keys.coingecko_api_key.get_secret_value()

    def exam(name: SourceName, url: str, build: Callable[..., SourceClient], key: str | None = None) -> Exam:
        patient = Patient(lambda wire: build(base_url=url, transport=wire, clock=clock), clock, place.transport)
        return Exam(name, patient, url, Settings(), "not_needed" if key is None else "unknown" if key else "missing")

    return [
        exam("binance", there.binance_url, binance.build_client),
        exam("kucoin", there.kucoin_url, kucoin.build_client),
        exam("kucoin_unified", there.kucoin_unified_url, kucoin.build_client),
        exam("coinalyze", there.coinalyze_url, _coinalyze(aggregates), aggregates),
        exam("coingecko", there.coingecko_url, _coingecko(supply), supply),
    ]


def _coinalyze(key: str) -> Callable[..., SourceClient]:
    return partial(coinalyze.build_client, key) if key else partial(_keyless, coinalyze.NAME, coinalyze.LIMITS)


def _coingecko(key: str) -> Callable[..., SourceClient]:
    return partial(coingecko.build_client, key) if key else partial(_keyless, coingecko.NAME, coingecko.LIMITS)


def _keyless(
    source: str, limits: Mapping[str, tuple[float, float]], *, base_url: str, transport: Transport, clock: Clock
) -> SourceClient:
    """Return the same client without a key: whether the source can be reached does not depend on one."""
    return SourceClient(source, base_url, build_budgets(limits, 0.8, clock), transport=transport, clock=clock)


def _diagnosis(found: Findings, clock: Clock) -> Diagnosis:
    venues = [finding for finding in found if finding.name in VENUES]
    can_run = all(venue.serves for venue in venues)
    now = datetime.fromtimestamp(clock(), tz=UTC).replace(microsecond=0)
    return Diagnosis(
        product_version=__version__,
        checked_at=now,
        can_run=can_run,
        conclusion=_can(found) if can_run else _cannot(venues),
        requests=sum(finding.requests for finding in found),
        sources=found,
    )


def _can(found: Findings) -> str:
    lacking = [LABELS[finding.name] for finding in found if not finding.serves]
    without = f"; without {', '.join(lacking)}, whose figures will be missing" if lacking else ""
    return f"This place can run QuantScout: both venues answer{without}."


def _cannot(venues: list[SourceFinding]) -> str:
    causes = [_cause(venue) for venue in venues if not venue.serves]
    return f"This place cannot run QuantScout: {'; '.join(causes)}."


def _cause(venue: SourceFinding) -> str:
    if venue.contracts == 0:
        return f"{LABELS[venue.name]} lists no contract that can be screened"
    if venue.reach == "reachable":
        return f"the clock here is {-(venue.clock_drift_s or 0):+.1f} s off {LABELS[venue.name]}'s: set it by NTP"
    meaning, step = MEANING[venue.reach]
    until = f", not to be asked before {venue.again_at:%Y-%m-%dT%H:%M:%SZ}" if venue.again_at else ""
    return f"{LABELS[venue.name]} {meaning}{until}: {step}"
