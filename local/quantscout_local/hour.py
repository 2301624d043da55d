"""One hour on the local stack, for a person: start, backfill, screen, files, table. Progress goes to standard error."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from quantscout.alert import WORDS
from quantscout.clock import floor_hour, from_ms, to_ms
from quantscout.errors import InputError, QuantScoutError, SourceError, StateError
from quantscout.frames import HOUR_MS
from quantscout.message import build_email, build_sms
from quantscout.models import Report
from quantscout.store import Store
from quantscout.tape import universe_key
from quantscout_local.chosen_settings import choose_settings
from quantscout_local.program import program
from quantscout_local.resources import session
from quantscout_local.stack import LocalStack
from quantscout_local.tables import print_report
from quantscout_local.terminal import open_console

if TYPE_CHECKING:
    from rich.console import Console

EMBEDDED_HOUR = datetime(2026, 11, 1, 12, tzinfo=UTC)
EXIT_NO_DATA = 3
BACKFILL_CALLS = 20
REAL_ONLY_SETTINGS = '{"unknown_passes": ["depth", "funding", "min_notional", "spread"], "min_coverage": 0.39}'
"""An archive holds no order book, and funding and open interest of its last weeks alone: under the product's own
settings none of it could be ranked (docs/decisions/0003-conventions.md)."""
SIMULATED_SETTINGS = "{}"


class Ask(NamedTuple):
    """What a person asked for."""

    hour: datetime | None
    market: Path | None
    live: bool
    real_only: bool
    out: Path
    tape: Path | None = None
    """Where the tape of the run goes; None for none."""
    settings_json: str = SIMULATED_SETTINGS


def build_settings(option: str | None, variables: Mapping[str, str], *, real_only: bool) -> str:
    """Return as JSON the settings of a run: the option's, else the variable's, over those that the data needs.

    InputError, naming the setting, for what cannot be used.
    """
    return choose_settings(option, variables, REAL_ONLY_SETTINGS if real_only else SIMULATED_SETTINGS)


def run_hour(ask: Ask) -> int:
    """Run the hour, print it, write its files; return the exit code (0, or 3 when there was no data)."""
    console, began = open_console(stderr=True), time.perf_counter()
    if ask.market is not None:
        from quantscout_local.simulator.archive import check_archive  # noqa: PLC0415 - only an archive needs it

        check_archive(ask.market)  # the simulator would refuse it, too, once it has started
    hour = ask.hour or _default_hour(ask)
    with _step(console, "Starting AWS (moto) and the venues on loopback"), _stack(ask, hour) as stack:
        console.print(f"  stack up in {time.perf_counter() - began:.1f} s", style="dim")
        event = {"at": hour.strftime("%Y-%m-%dT%H:%M:%SZ")}
        _backfill(console, stack, event)
        summary, took_s = _screen(console, stack, event)
        store = Store(stack.table)
        report, universe = store.load_report(to_ms(hour)), read_universe(stack, summary, to_ms(hour))
        if report is None or universe is None:
            raise StateError(f"the run of {event['at']} left no report in the table; see {ask.out / 'run.log'}")
        received = stack.messages("alarm" if report.status == "no_data" else "report")
        write_files(ask.out, report, universe, stack.log)
        if ask.tape is not None:
            _write_tape(console, ask.tape, stack, summary)
    print_report(open_console(), report)
    _say_end(console, ask, summary, received, took_s)
    return EXIT_NO_DATA if report.status == "no_data" else 0


def _default_hour(ask: Ask) -> datetime:
    if ask.live:
        return floor_hour(datetime.now(UTC) - timedelta(seconds=10))
    return EMBEDDED_HOUR if ask.market is None else _last_hour(ask.market)


def _last_hour(market: Path) -> datetime:
    """Return the hour at which the archive's last 1h bar closes (InputError for an archive that cannot be read)."""
    path = market / "binance_um_1h.parquet"
    try:
        newest = pl.scan_parquet(path).select(pl.col("open_time").max()).collect().item()
    except (OSError, pl.exceptions.PolarsError) as cause:
        raise InputError(
            f"the archive's {path} cannot be read ({type(cause).__name__}); name its folder with --market DIR"
        ) from cause
    if newest is None:
        raise InputError(f"the archive's {path} holds no bar; name another folder with --market DIR")
    return from_ms(newest + HOUR_MS)


def _stack(ask: Ask, hour: datetime) -> LocalStack:
    if ask.live:
        return LocalStack(live=True, settings_json=ask.settings_json)
    return LocalStack(hour, ask.market, ask.real_only, keys=not ask.real_only, settings_json=ask.settings_json)


@contextmanager
def _step(console: "Console", text: str) -> Iterator[None]:
    with console.status(text + " …"):
        yield


def _backfill(console: "Console", stack: LocalStack, event: dict[str, Any]) -> None:
    """Call the backfill until it says that it is complete, as the schedule would."""
    began = time.perf_counter()
    for _ in range(BACKFILL_CALLS):
        with _step(console, "Backfilling 30 days of hourly bars"):
            done = _blame_sources(stack, "backfill", event)
        rows = sum(venue["rows"] for venue in done["venues"])
        console.print(f"  backfill: {rows:,} bars in {time.perf_counter() - began:.1f} s", style="dim")
        if done["complete"] or not any(venue["remaining"] for venue in done["venues"]):
            return
    raise StateError(f"the backfill is not complete after {BACKFILL_CALLS} calls; see the log for what it was refused")


def _screen(console: "Console", stack: LocalStack, event: dict[str, Any]) -> tuple[dict[str, Any], float]:
    began = time.perf_counter()
    with _step(console, "Screening the hour"):
        summary = _blame_sources(stack, "screen", event)
    return summary, time.perf_counter() - began


def _blame_sources(stack: LocalStack, verb: str, event: dict[str, Any]) -> dict[str, Any]:
    try:
        return stack.invoke(verb, event)
    except SourceError as error:
        step = "check the network and the region, or leave out --live to run on a simulated market"
        raise QuantScoutError(f"no venue can be reached from here ({error.detail}); next step: {step}") from error


def write_files(out: Path, report: Report, universe: pl.DataFrame, log: str) -> None:
    """Write what a run leaves into the folder (InputError where it cannot be written)."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in {
            "report.json": report.to_json(),
            "email.txt": build_email(report),
            "sms.txt": build_sms(report),
            "run.log": log,
        }.items():
            (out / name).write_text(text + ("" if text.endswith("\n") else "\n"), encoding="utf-8")
        universe.write_parquet(out / "universe.parquet")
    except OSError as cause:
        raise InputError(
            f"the folder {out} cannot be written ({cause.strerror}); name another with --out DIR"
        ) from cause


def read_universe(stack: LocalStack, summary: dict[str, Any], hour_ms: int) -> pl.DataFrame | None:
    """Return the hour's universe with all columns, from beside the tape; without a tape, what the state keeps of it."""
    if summary["tape"] is None:
        return Store(stack.table).load_universe(hour_ms)
    return pl.read_parquet(_in_bucket(stack, universe_key(summary["tape"])))


def _in_bucket(stack: LocalStack, key: str) -> bytes:
    s3 = session().client("s3", endpoint_url=stack.aws_url)
    try:
        stored: bytes = s3.get_object(Bucket=stack.environment("screen")["TAPE_BUCKET"], Key=key)["Body"].read()
    finally:
        s3.close()
    return stored


def _write_tape(console: "Console", path: Path, stack: LocalStack, summary: dict[str, Any]) -> None:
    """Fetch the tape from the bucket in which the function stored it."""
    if summary["tape"] is None:
        raise QuantScoutError(f"the run left no tape: {summary['tape_problem'] or 'its report was not new'}")
    data = _in_bucket(stack, summary["tape"])
    try:
        path.write_bytes(data)
    except OSError as cause:
        raise InputError(
            f"the tape {path} cannot be written ({cause.strerror}); name another with --out FILE"
        ) from cause
    console.print(f"  tape in {path}: {len(data):,} bytes; next: {program()} run --tape {path}", style="dim")


def _say_end(
    console: "Console", ask: Ask, summary: dict[str, Any], received: list[dict[str, Any]], took_s: float
) -> None:
    sent = f"message {summary['message_id']}" if summary["message_id"] else f"no message ({WORDS[summary['alert']]})"
    console.print(
        f"  hour computed in {took_s:.1f} s; {sent}; received by the subscribed queue: {len(received)}", style="dim"
    )
    console.print(f"  files in {ask.out}/: report.json, email.txt, sms.txt, universe.parquet, run.log", style="dim")
    if summary["picks"]:
        console.print(
            f"  next: {program()} explain {summary['picks'][0]}"
            + (f" --out {ask.out}" if ask.out != Path("out") else ""),
            style="dim",
        )
