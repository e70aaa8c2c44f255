"""The benchmarks check themselves: here is only looked at what they say."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def test_the_benchmarks_pass_their_own_checks():
    command = [sys.executable, "-m", "benchmarks.check"]
    checks = subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")
    assert checks.returncode == 0, checks.stderr
    assert "\nOK" in checks.stderr
