"""How a source is examined: reach, clock, allowance, then its open questions; a failure ends it and is its finding."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from quantscout.errors import AnswerError, SourceError
from quantscout.http import Endpoint, Params
from quantscout.settings import Settings
from quantscout_local.doctor_findings import Clock, Key, Probe, SourceFinding, SourceName, Verdict
from quantscout_local.doctor_reasons import reach_of
from quantscout_local.doctor_witness import Patient

OF_THE_SOURCE = ("blocked_region", "refused", "banned", "rate_limited")
Answered = tuple[str, bool | None]
"""What was seen, and whether it agrees with what is assumed (None: nobody can tell)."""
VERDICTS: dict[bool | None, Verdict] = {True: "agrees", False: "differs", None: "unknown"}


@dataclass
class Exam:
    """What is known of a source so far."""

    name: SourceName
    patient: Patient
    url: str
    settings: Settings = field(default_factory=Settings)
    key: Key = "not_needed"
    key_detail: str = ""
    clock_drift_s: float | None = None
    round_trip_ms: float | None = None
    contracts: int | None = None
    limits: list[str] = field(default_factory=list)
    probes: list[Probe] = field(default_factory=list)

    async def ask(self, endpoint: Endpoint, params: Params | None = None) -> bytes:
        """Return the answer of one request that is not tried again (SourceError)."""
        self.patient.be_patient()
        return await self.patient.client.ask(endpoint, params)

    async def measure_clock(self, fetch_server_time_ms: Callable[[], Awaitable[int]]) -> None:
        """Read the source's clock twice: the first request opens the connection, the second one is measured."""
        for _ in range(2):
            self.patient.be_patient()
            before_s = self.patient.clock()
            server_ms = await fetch_server_time_ms()
            self.clock_drift_s = server_ms / 1000 - (before_s + self.patient.clock()) / 2
        self.note_round_trip()

    def note_round_trip(self) -> None:
        """Take the time of the latest answer."""
        self.round_trip_ms = 1000 * self.patient.witness.seen[-1].took_s

    async def probe(self, question: str, assumed: str, look: Callable[[], Awaitable[Answered]]) -> None:
        """Answer a question; a refusal of it is an answer, too, and leaves the verdict open.

        What concerns the whole source (region, firewall, ban, limit) ends its examination: SourceError.
        """
        try:
            seen, agrees = await look()
        except (SourceError, AnswerError) as error:
            if isinstance(error, SourceError) and error.fault in OF_THE_SOURCE:
                raise
            seen, agrees = f"no answer: {error}", None
        self.probes.append(Probe(question=question, seen=seen, assumed=assumed, verdict=VERDICTS[agrees]))

    def conclude(self, error: SourceError | AnswerError | None = None) -> SourceFinding:
        """Return the finding, of a source that was examined to the end or failed on the way."""
        return SourceFinding(
            name=self.name,
            address=urlsplit(self.url.split(",")[0]).netloc.rpartition("@")[2],
            reach="reachable" if error is None else reach_of(error, sent=self.patient.witness.cut),
            detail="" if error is None else error.detail,
            again_at=self._again_at(error),
            key=self.key,
            key_detail=self.key_detail,
            clock_drift_s=self.clock_drift_s,
            clock=self._clock(),
            round_trip_ms=self.round_trip_ms,
            contracts=self.contracts,
            limits=tuple(self.limits),
            simulated=tuple(sorted(self.patient.client.simulated)),
            requests=self.patient.witness.requests,
            probes=tuple(self.probes),
        )

    def _clock(self) -> Clock | None:
        if self.clock_drift_s is None:
            return None
        if abs(self.clock_drift_s) > self.settings.clock_drift_fail_s:
            return "wrong"
        return "drifting" if abs(self.clock_drift_s) > self.settings.clock_drift_report_s else "right"

    def _again_at(self, error: SourceError | AnswerError | None) -> datetime | None:
        if not isinstance(error, SourceError) or error.retry_after_s is None:
            return None
        now = datetime.fromtimestamp(self.patient.clock(), tz=UTC).replace(microsecond=0)
        return now + timedelta(seconds=round(error.retry_after_s))


async def look(exam: Exam, at: Callable[[Exam], Awaitable[None]]) -> SourceError | AnswerError | None:
    """Return what ended the examination of a source, None if nothing did."""
    try:
        await at(exam)
    except (SourceError, AnswerError) as error:
        return error
    return None
