"""NetCDF files: what is refused before anything is read from them, and how they are written."""

import errno
import os
import resource
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

from bayeskisl.curves import load_curves, save_curves
from bayeskisl.errors import InputError, OutputError
from bayeskisl.netcdf import read_netcdf, read_netcdf_tree, write_netcdf
from bayeskisl.shipped import shipped_folder

SHIPPED = shipped_folder("data") / "sweeps" / "desk-dose" / "curves.nc"


@pytest.fixture
def path(tmp_path):
    return save_curves(load_curves("desk-dose").isel(run=slice(12)), tmp_path / "curves.nc")


def test_what_is_written_is_read(tmp_path):
    data = xr.Dataset({"x": ("n", np.arange(3.0)), "t": ("n", ["a", "ü", ""])}, attrs={"said": "so", "number": 2})
    xr.testing.assert_identical(read_netcdf(write_netcdf(data, tmp_path / "deep" / "er" / "x.nc")), data)
    tree = xr.DataTree.from_dict({"/": data, "/inner": data})
    xr.testing.assert_identical(read_netcdf_tree(write_netcdf(tree, tmp_path / "tree.nc")), tree)


def change(path, do):
    with h5py.File(path, "r+") as file:
        do(file)


def external(file):
    del file["seed"]
    file.create_dataset("seed", (12,), "i8", external=[("/etc/hostname", 0, 96)])


def virtual(file):
    layout = h5py.VirtualLayout((12,), "i8")
    layout[:] = h5py.VirtualSource("other.nc", "seed", (12,))
    del file["seed"]
    file.create_virtual_dataset("seed", layout)


def enormous(file):
    del file["seed"]
    file.create_dataset("seed", (10**12,), "i8", chunks=(1024,))


def soft_link(file):
    del file["seed"]
    file["seed"] = h5py.SoftLink("/seed")


def external_link(file):
    file["more"] = h5py.ExternalLink("other.nc", "/")


def circle(file):
    file.create_group("inner")["outer"] = file["/"]


def plugin_filter(file):
    del file["seed"]
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_chunk((12,))
    plan.set_filter(32015, h5py.h5z.FLAG_OPTIONAL)
    h5py.h5d.create(file.id, b"seed", h5py.h5t.NATIVE_INT64, h5py.h5s.create_simple((12,)), plan)


def long_text(file):
    """Write four bytes, the length of the first text, that say 3 GiB: a flipped byte is enough."""
    at, name = file["run"].id.get_offset(), file.filename
    file.close()
    content = bytearray(Path(name).read_bytes())
    content[at + 3] = 0xC0
    Path(name).write_bytes(content)


def endless_texts(file):
    """Let the free entry among the texts have the size 0: HDF5 never comes past it."""
    name = file.filename
    file.close()
    content = bytearray(Path(name).read_bytes())
    at, number = content.index(b"GCOL") + 16, 1
    while number:
        number, size = (int.from_bytes(content[at + a : at + b], "little") for a, b in ((0, 2), (8, 16)))
        content[at + 8 : at + 16] = bytes(8) if not number else content[at + 8 : at + 16]
        at += 16 + -(-size // 8) * 8
    Path(name).write_bytes(content)


def long_text_in_chunks(file):
    del file["run"]
    made = file.create_dataset("run", (12,), h5py.string_dtype(), chunks=(5,))
    made[:] = "abcdefghijkl"
    at, name = made.id.get_chunk_info(1).byte_offset, file.filename
    file.close()
    content = bytearray(Path(name).read_bytes())
    content[at + 3] = 0xC0
    Path(name).write_bytes(content)


def compressed_texts(file):
    del file["run"]
    file.create_dataset("run", (12,), h5py.string_dtype(), compression="gzip")[:] = "x"


def compound(file):
    file.create_dataset("pairs", (3,), [("a", "i4"), ("b", "f8")])


@pytest.mark.parametrize(
    ("do", "said"),
    [
        (external, "one that takes '/seed' from another file"),
        (virtual, "one that takes '/seed' from another file"),
        (enormous, "one that unpacks to more than 64 MiB"),
        (soft_link, "one with a link at '/seed'"),
        (external_link, "one with a link at '/more'"),
        (circle, "something else than groups and arrays at '/inner/outer'"),
        (plugin_filter, "one with the filter 32015"),
        (long_text, "one that unpacks to more than 64 MiB"),
        (endless_texts, "one whose texts refer to themselves"),
        (long_text_in_chunks, "one that unpacks to more than 64 MiB"),
        (compressed_texts, "one with compressed texts in '/run'"),
        (compound, "one with neither numbers nor texts in '/pairs'"),
        (lambda file: file.attrs.update(axis=np.arange(3)), "attribute 'axis' of '/' is neither a text nor a number"),
        (lambda file: file["seed"].attrs.update(scale_factor="x"), "a file that cannot be read"),
    ],
)
def test_files_that_reach_elsewhere_or_far_are_refused(path, do, said):
    change(path, do)
    with pytest.raises(
        InputError, match=f"curves.nc: expected a NetCDF file of retention curves, got .*{said}"
    ) as refused:
        load_curves(path)
    assert "\n" not in str(refused.value)


def test_a_unit_of_time_is_a_unit(path):
    before = load_curves(path)
    change(path, lambda file: file["seed"].attrs.update(units="seconds since 1970-01-01"))
    assert load_curves(path).seed.values.tolist() == before.seed.values.tolist()


@pytest.mark.parametrize(
    ("do", "said"),
    [
        (lambda c: c.assign_attrs(schema=99), "expected curves of schema 1 or earlier, got .*99"),
        (lambda c: c.assign_attrs(schema="new"), "expected curves of schema 1 or earlier"),
        (lambda c: c.assign_attrs(axis="depth"), "attribute 'axis'"),
        (lambda c: c.assign_attrs(diverged="["), "attribute 'diverged' to be JSON"),
        (lambda c: c.assign_coords(params=("run", list("abcdefghijkl"))), "numbers as 'params'"),
        (lambda c: c.assign_coords(run=np.arange(12.0)), "texts as 'run'"),
        (lambda c: c.assign_coords(group=["infused"] * c.sizes["group"]), "distinct groups"),
        (lambda c: c.assign(recalled=c.recalled.isel(group=0, drop=True)), "'recalled' over run, group"),
        (lambda c: c.assign(general_loss=c.general_loss + np.inf), r"general_loss in \[0"),
        (lambda c: c.assign(guessing=c.guessing * 0 + 0.9999999), "guessing in"),
        (lambda c: c.assign_coords(total_params=c.params - 1), "total_params of at least params"),
        (lambda c: c.assign_coords(tokens=c.tokens * np.inf), "tokens > 0, got .*infinite"),
        (lambda c: c.assign_coords(background_share=c.background_share + 1), "background_share in"),
    ],
)
def test_curves_are_refused_by_what_they_hold(tmp_path, do, said):
    write_netcdf(do(load_curves("desk-dose").isel(run=slice(12))), tmp_path / "curves.nc")
    with pytest.raises(InputError, match=said):
        load_curves(tmp_path / "curves.nc")


@pytest.mark.parametrize("content", [b"", b"text", b"\x89HDF\r\n\x1a\n", SHIPPED.read_bytes()[:5000]])
def test_what_is_no_netcdf_is_told_in_one_sentence(tmp_path, content):
    (tmp_path / "x.nc").write_bytes(content)
    with pytest.raises(
        InputError, match=r"x.nc: expected a NetCDF file .*, got a file (that cannot|in another)"
    ) as refused:
        load_curves(tmp_path / "x.nc")
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("limit", "refusal"), [(3 * 2**30, MemoryError), (resource.RLIM_INFINITY, InputError)])
def test_want_of_memory_under_a_limit_is_no_fault_of_the_file(path, monkeypatch, limit, refusal):
    def full(*_, **__):
        raise MemoryError("Unable to allocate 31.2 KiB")

    monkeypatch.setattr("bayeskisl.netcdf._look_over", full)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))
    with pytest.raises(refusal):
        read_netcdf(path)


def test_a_full_disk_is_told_and_leaves_what_was_there(path, monkeypatch):
    curves, before = load_curves(path), path.read_bytes()

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"cannot write .*curves.nc: No space left on device; make room or choose"):
        save_curves(curves, path)
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_in_the_files_place_is_told(tmp_path):
    (tmp_path / "x.nc").mkdir()
    with pytest.raises(OutputError, match=r"x\.nc: it is a folder"):
        write_netcdf(xr.Dataset({"x": 1}), tmp_path / "x.nc")
    assert list(tmp_path.iterdir()) == [tmp_path / "x.nc"]
    assert not list(Path(tmp_path / "x.nc").iterdir())
