"""The report as Markdown: the same answer, figures beside it, names inert."""

import re

from bayeskisl.laws import load_law
from bayeskisl.reporting import report
from bayeskisl.reporting.text import answer


def test_says_what_the_page_says_and_shows_the_figures(fit, decision, verification, tmp_path):
    page = report(fit, decision, verification, tmp_path / "deep" / "report.md")
    text = page.read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ").replace("\\", "")
    assert answer(decision) in text
    assert text.index("## The answer") < text.index("## The evidence") < text.index("## The checks")
    paths = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text)
    assert len(paths) == 4
    assert all((page.parent / path).is_file() for path in paths)
    for table in re.findall(r"(?:^\|.*\n)+", text, flags=re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_code_is_marked_as_code(fit, decision, plain_figures, tmp_path):
    text = report(fit, decision, out=tmp_path / "report.md").read_text(encoding="utf-8")
    assert "(`facts=` for yours)" in text
    assert "The page rests on 36 runs of " in text


def test_markup_is_inert(fit, plain_figures, tmp_path):
    fit.curves.attrs["title"] = "<script>alert(1)</script> | [x](http://x) `code`\n# heading"
    fit.law = load_law("collapse").model_copy(update={"title": "<img src=x>"})
    text = report(fit, out=tmp_path / "report.md", figures_dir=tmp_path / "f").read_text(encoding="utf-8")
    assert "\\<script\\>alert(1)\\</script\\> \\| \\[x\\](http://x) \\`code\\` \\# heading" in text
    assert not re.search(r"(?<!\\)<", text)
    assert "Nothing was predicted" in text
