"""A cache of prepared text that is thrown away, and a small corpus in it."""

import pytest

from bayeskisl.knowledge.text import FileSource, hash_documents, trained_tokeniser
from tests.knowledge.text_files import write_corpus


@pytest.fixture
def text_cache(tmp_path_factory, monkeypatch):
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("BAYESKISL_CACHE", str(folder))
    return folder / "text"


@pytest.fixture
def source(tmp_path, text_cache):
    return FileSource((str(write_corpus(tmp_path)),))


@pytest.fixture
def tokeniser(source):
    return trained_tokeniser(hash_documents(source.documents()), 300, source.documents)
