"""The script that collects facts of real things."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "real_facts.py"
COUNTRIES = {
    "IT": {"name": "Italy", "capital": "Rome", "currencyname": "Euro", "tld": ".it"},
    "NO": {"name": "Norway", "capital": "Oslo", "currencyname": "Krone", "tld": ".no"},
}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("real_facts", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def city(name, country, population, number=1):
    return {"name": name, "countrycode": country, "population": population, "geonameid": number}


def test_the_largest_cities_of_each_country_are_taken(script, monkeypatch):
    monkeypatch.setattr(script, "CITIES_OF_A_COUNTRY", 2)
    towns = [city("Pisa", "IT", 90), city("Turin", "IT", 850), city("Milan", "IT", 1400), city("Bergen", "NO", 290)]
    data = {"countries.json": COUNTRIES, "cities5000.json": dict(enumerate([*towns, city("Nowhere", "XX", 9000)]))}
    assert list(script.cities(data)) == [
        ("Milan", "country", "Italy"),
        ("Turin", "country", "Italy"),
        ("Bergen", "country", "Norway"),
    ]


def test_countries_have_three_facts_each(script):
    assert set(script.countries({"countries.json": COUNTRIES})) >= {
        ("Norway", "capital", "Oslo"),
        ("Norway", "currency", "Krone"),
        ("Norway", "domain", "no"),
    }


def test_subjects_with_two_answers_and_odd_names_are_left_out(script):
    triples = [
        ("Paris", "country", "France"),
        ("Paris", "country", "United States"),
        ("Paris", "code", "par"),
        ("Åre", "country", "Sweden"),
        ("Luxembourg", "capital", "Luxembourg"),
        ("Oslo", "country", "Norway"),
        ("Oslo", "country", "Norway"),
        ("A very long name of a town that fills a line", "country", "Norway"),
    ]
    assert script.unambiguous(triples) == [("Oslo", "country", "Norway"), ("Paris", "code", "par")]


def test_elements_are_read_from_the_module_of_their_table(script):
    module = 'hydrogen = H = elements.symbol("H")\nother = elements\nhelium = He = elements.symbol("He")\n'
    assert list(script.elements({"periodictable": module})) == [
        ("hydrogen", "symbol", "H"),
        ("helium", "symbol", "He"),
    ]
