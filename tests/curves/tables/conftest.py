"""Tables are tested with the remedies of the command line; `tests/test_remedies.py` tests those of Python."""

from collections.abc import Iterator

import pytest

from bayeskisl.errors import at_the_command_line


@pytest.fixture(autouse=True)
def typed() -> Iterator[None]:
    """Remedies name options."""
    with at_the_command_line():
        yield
