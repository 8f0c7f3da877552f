"""Files to be written: an ending that says nothing is refused before anything is read, and folders are made."""

import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

from bayeskisl import cli
from bayeskisl.cli import app as cli_app
from bayeskisl.errors import InputError
from bayeskisl.reporting import report
from bayeskisl.reporting.images import write_figure


@pytest.mark.parametrize(
    ("command", "option", "file"),
    [
        (["decide", "nosuch.nc", "--params", "1M"], "--figure", "drawn.xyz"),
        (["plan", "nosuch.nc", "--params", "1M", "--budget", "1e15flop"], "--figure", "drawn"),
        (["plan", "nosuch.nc", "--params", "1M", "--budget", "1e15flop"], "--out", "next.yaml"),
        (["plan", "nosuch.nc", "--params", "1M", "--budget", "1e15flop"], "--out", "next.CSV"),
        (["prior", "nosuch.nc"], "--out", "prior.txt"),
    ],
)
def test_an_ending_is_refused_before_the_fit_is_looked_for(command, option, file):
    said = CliRunner().invoke(cli_app.app, [*command, option, file])
    assert isinstance(said.exception, InputError)
    assert str(said.exception).startswith(f"{option}: expected a name that ends in .")
    assert file in str(said.exception)


def test_a_report_is_html_or_markdown():
    with pytest.raises(InputError, match=r"ends in \.html or \.htm or \.md, got 'page\.pdf'"):
        report(None, out="page.pdf")


@pytest.mark.parametrize("ending", [".png", ".svg", ".pdf", ".PNG"])
def test_a_figure_is_written_twice_alike_and_its_folder_made(tmp_path, ending):
    written = []
    for folder in ("a", "b"):
        figure = Figure()
        figure.subplots().plot([0, 1], [1, 0])
        written.append(write_figure(figure, tmp_path / folder / f"drawn{ending}").read_bytes())
    assert written[0] == written[1]


def test_a_place_that_cannot_be_written_is_no_bug(monkeypatch, capsys):
    def denied(**_):
        raise PermissionError(13, "Permission denied", "fit.nc")

    monkeypatch.setattr(cli_app, "app", denied)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "bayeskisl: fit.nc: Permission denied; choose another place.\n"
