"""The marks of a journey made twice: with scripts and without them."""

from __future__ import annotations

import pytest

both_ways = pytest.mark.parametrize("guest", [True, False], ids=["js", "plain"], indirect=True)
anna_both_ways = pytest.mark.parametrize("anna", [True, False], ids=["js", "plain"], indirect=True)
