"""The child processes of the local stack: readiness, refusal, failure, and that none is left behind."""

import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from quantscout.errors import InputError, QuantScoutError
from quantscout_local import servers
from quantscout_local.servers import Server

pytestmark = pytest.mark.e2e


def child(folder: Path, code: str) -> Server:
    """Start a server whose program is the given code."""
    (folder / "stand_in.py").write_text(textwrap.dedent(code), "utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(folder))
        return Server("stand-in", ("stand_in",), folder)


def alive(pid: int) -> bool:
    """Tell whether a process exists and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_server_hands_over_what_it_announced(tmp_path: Path) -> None:
    """A child's first line is its announcement, the address without a slash at its end."""
    code = """
        import sys
        print('{"url": "http://127.0.0.1:1/", "clock_offset_s": -3.5}', flush=True)
        sys.stdin.read()
    """
    with child(tmp_path, code) as server:
        assert server.wait_ready() == {"url": "http://127.0.0.1:1", "clock_offset_s": -3.5}


def test_a_refused_argument_is_an_input_error_with_the_childs_sentence(tmp_path: Path) -> None:
    """Exit status 2 means bad input, and the last line of the log says which."""
    code = "import sys; print('noise\\nerror: no archive at /nowhere', file=sys.stderr); sys.exit(2)"
    with child(tmp_path, code) as server, pytest.raises(InputError, match=r"^no archive at /nowhere$"):
        server.wait_ready()


def test_a_child_that_dies_shows_the_end_of_its_log(tmp_path: Path) -> None:
    """Any other exit status is a failure that quotes the log."""
    died = pytest.raises(QuantScoutError, match=r"ended with status 1(.|\n)*RuntimeError: no disk")
    with child(tmp_path, "raise RuntimeError('no disk')") as server, died:
        server.wait_ready()


def test_a_silent_child_is_given_up(tmp_path: Path) -> None:
    """A child that never announces itself is an error after the time that it was given."""
    given_up = pytest.raises(QuantScoutError, match=r"stand-in was not ready after 0\.2 s")
    with child(tmp_path, "import sys; sys.stdin.read()") as server, given_up:
        server.wait_ready(0.2)


@pytest.mark.parametrize("line", ["ready", "[]", '{"port": 1}'])
def test_another_announcement_is_refused(tmp_path: Path, line: str) -> None:
    """A line that is not a JSON object with an address names itself in the error."""
    code = f"import sys; print({line!r}, flush=True); sys.stdin.read()"
    with child(tmp_path, code) as server, pytest.raises(QuantScoutError, match="announced"):
        server.wait_ready()


def test_a_child_that_ignores_its_input_is_ended_by_signal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopping insists: closed input, SIGTERM, SIGKILL."""
    monkeypatch.setattr(servers, "STOP_TIMEOUT_S", 0.1)
    code = """
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print('{"url": ""}', flush=True)
        time.sleep(60)
    """
    with child(tmp_path, code) as server:
        server.wait_ready()
        pid = server.pid
    assert not alive(pid)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc to look at processes")
def test_no_child_outlives_a_killed_parent(tmp_path: Path) -> None:
    """A parent that is killed without a chance to clean up leaves no server behind."""
    code = f"""
        import sys, time
        sys.path[:0] = {[str(path) for path in servers.SOURCES]!r}
        from pathlib import Path
        from quantscout_local.servers import AWS, Server
        server = Server("aws", AWS, Path({str(tmp_path)!r}))
        server.wait_ready()
        print(server.pid, flush=True)
        time.sleep(60)
    """
    parent = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE)
    with parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(pid)
