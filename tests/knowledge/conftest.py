"""A cache of prepared text that is thrown away."""

import pytest


@pytest.fixture
def text_cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("BAYESKISL_CACHE", str(folder))
    return folder / "text"
