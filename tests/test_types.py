"""Reasons ↔ text: an index of another version is read, whatever it gives as a reason."""

from __future__ import annotations

import pytest

from rag.types import Cause, Reason


@pytest.mark.parametrize("cause", list(Cause))
def test_a_reason_is_read_from_its_text(cause: Cause) -> None:
    reason = Reason(cause, ".{x}\n" if "{}" in cause.value else "")
    assert Reason.from_text(str(reason)) == reason


def test_reasons_as_text() -> None:
    assert str(Reason(Cause.HIDDEN)) == "hidden"
    assert str(Reason(Cause.TOO_BIG, "20")) == "over 20 MB"
    assert str(Reason(Cause.SYSTEM, "Input/output error")) == "Input/output error"


@pytest.mark.parametrize("text", ["", "an encrypted PDF", "hidden away", "binary\n"])
def test_a_reason_of_another_version_stays_as_it_is(text: str) -> None:
    assert Reason.from_text(text) == Reason(Cause.SYSTEM, text)
