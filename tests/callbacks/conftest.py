"""What is tested here are programs: they are recorded at the first call, not when that pays."""

import pytest

from dualrev.callbacks import programs


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(programs, "WAITS", 0)
    monkeypatch.setattr(programs, "WAITS_OF_VALUES", 0)
