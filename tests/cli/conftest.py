"""Commands are invoked inside one process: remedies name options, as `bayeskisl.cli.main` lets them."""

from collections.abc import Iterator

import pytest

from bayeskisl.errors import at_the_command_line


@pytest.fixture(autouse=True)
def typed() -> Iterator[None]:
    """Remedies name options."""
    with at_the_command_line():
        yield
