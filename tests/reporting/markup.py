"""Active markup in every text of a dataset: which texts there are is read from the dataset, never from a list."""

import json

import numpy as np

KEY = "{key}"


def markup(number):
    """Ways into a page, each of which calls ``m(number)`` or leaves an element or attribute named ``x-m``."""
    return (
        f"{name_markup(number)}</td></style><x-m>\"' x-m=1 onfocus=m({number}) autofocus [a](javascript:m({number})) "
        f"<a href=javascript:m({number}) x-m>`|`${{m({number})}}{{{{ m }}}}%{{x}}<extra>~"
    )


def name_markup(number):
    """Shorter markup, since names in a table have at most 200 printable characters."""
    return (
        f"~{number}~'\"><img src=x x-m onerror=m({number})></script><script x-m>m({number})</script>"
        f"<svg x-m onload=m({number})>$\\frac$~"
    )


def texts_in(dataset, where=()):
    """Places of all texts: attributes, entries of attributes that are JSON, and variables of text."""
    yield from _texts(dataset.attrs, (*where, "attrs"))
    for name, variable in dataset.variables.items():
        yield from _texts(variable.attrs, (*where, str(name), "attrs"))
        if variable.dtype.kind in "OUT":
            yield (*where, str(name))


def with_markup(dataset, wanted, where=()):
    """Return a copy in which the texts at some places, by place, are followed by a piece of markup."""
    copy = dataset.copy(deep=True)
    copy.attrs = _marked(dataset.attrs, (*where, "attrs"), wanted)
    for name, variable in dataset.variables.items():
        copy[name].attrs = _marked(variable.attrs, (*where, str(name), "attrs"), wanted)
        if mark := wanted.get((*where, str(name))):
            values = np.array([f"{value}{mark}" for value in variable.values.ravel()]).reshape(variable.shape)
            placed = {name: (variable.dims, values, copy[name].attrs)}
            copy = copy.assign_coords(placed) if name in copy.coords else copy.assign(placed)
    return copy


def _texts(value, place):
    if isinstance(value, str):
        inside = _json(value)
        yield from [place] if inside is None else _texts(inside, place)
    elif isinstance(value, dict):
        for key, each in value.items():
            yield (*place, KEY)
            yield from _texts(each, (*place, key))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each, (*place, "[]"))


def _marked(value, place, wanted):
    if isinstance(value, str):
        inside = _json(value)
        return value + wanted.get(place, "") if inside is None else json.dumps(_marked(inside, place, wanted))
    if isinstance(value, dict):
        mark = wanted.get((*place, KEY), "")
        return {f"{key}{mark}": _marked(each, (*place, key), wanted) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(each, (*place, "[]"), wanted) for each in value]
    return value


def _json(text):
    """Content of a text that is a JSON object or list; None for any other."""
    try:
        inside = json.loads(text)
    except ValueError:
        return None
    return inside if isinstance(inside, dict | list) else None
