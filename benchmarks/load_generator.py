"""Requests from wrk, a load generator in C: Python could not ask as quickly as the service answers."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

# Asks for the paths of a file, one after the other and again from the beginning, and prints what came back.
_SCRIPT = """
local paths = {}
local number = 0
function init(args)  -- by now the header Host is set
  for line in io.lines(PATHS) do paths[#paths + 1] = wrk.format("GET", line) end
end
function request()
  number = number + 1
  return paths[(number - 1) % #paths + 1]
end
function done(summary, latency, requests)
  local failed = summary.errors.status + summary.errors.timeout + summary.errors.read + summary.errors.connect
  io.write(string.format("figures %d %d %d %d %d\\n", summary.requests, failed, summary.duration,
    latency:percentile(50), latency:percentile(99)))
end
"""
_MICROSECONDS = 1e6


class Answered(NamedTuple):
    """What became of the requests."""

    requests: int
    per_second: float
    median_seconds: float
    p99_seconds: float


def generate_load(url: str, paths: Sequence[str], folder: Path, *, connections: int, seconds: float) -> Answered:
    """Ask for these paths in turn, on so many connections that each wait for their answer, for so many seconds.

    Raises:
        RuntimeError: wrk is not installed, or an answer was an error: failures would pass for quick answers.
    """
    program = shutil.which("wrk")
    if program is None:
        message = "the table `api` needs wrk, a load generator: apt-get install wrk"
        raise RuntimeError(message)
    listed = folder / "paths.txt"
    listed.write_text("\n".join(paths) + "\n", encoding="utf-8")
    script = folder / "paths.lua"
    script.write_text(_SCRIPT.replace("PATHS", f'"{listed}"', 1), encoding="utf-8")
    command = [
        program,
        "-t1",
        f"-c{connections}",
        f"-d{max(1, round(seconds))}s",
        "--timeout",
        "30s",
        "-s",
        str(script),
    ]
    output = subprocess.run([*command, url], capture_output=True, text=True, check=True).stdout
    figures = next(line for line in output.splitlines() if line.startswith("figures ")).split()[1:]
    requests, failed, duration, median, p99 = map(int, figures)
    if failed or not requests:
        message = f"{failed} of {requests} requests for {paths[0]} and the like failed:\n{output}"
        raise RuntimeError(message)
    return Answered(requests, requests * _MICROSECONDS / duration, median / _MICROSECONDS, p99 / _MICROSECONDS)
