"""`notigateway matters`: what the operator types and reads, on both databases."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from notigateway.cli.matters import matters
from notigateway.errors import CatalogueInvalidError, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from sqlalchemy import Engine
    from typer.testing import Result

    Run = Callable[..., Result]

CSV = """kind,code,name,matter,group
matter,collection,Recaudación,,
group,g,"Grupo, de prueba",collection,
procedure,203546,Apremio,collection,g
"""
JSON = """{"kind": "matter", "code": "collection", "name": "Recaudación", "group": null}

{"kind": "procedure", "code": "203546", "name": "Apremio", "matter": "collection"}
"""


@pytest.fixture
def run(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Run:
    url = engine.url.render_as_string(hide_password=False)
    monkeypatch.setenv("NOTIGATEWAY_DATABASE_URL", url)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(matters, arguments)

    return run


def test_a_file_becomes_the_catalogue_and_loading_it_again_changes_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "matters.csv"
    file.write_text(CSV, encoding="utf-8")
    assert run("load", str(file)).output == "new 3, changed 0, withdrawn 0, unchanged 0\n"
    before = run("list").output
    assert before.splitlines()[1].split("\t") == ["group", "g", "Grupo, de prueba", "collection", "-"]
    assert run("load", str(file)).output == "new 0, changed 0, withdrawn 0, unchanged 3\n"
    other = tmp_path / "matters.jsonl"
    other.write_text(JSON, encoding="utf-8")
    assert run("load", str(other)).output == "new 0, changed 1, withdrawn 1, unchanged 1\n"
    assert [line.split("\t")[1] for line in run("list").output.splitlines()] == ["collection", "203546"]
    assert run("load", str(file)).output == "new 0, changed 2, withdrawn 0, unchanged 1\n"
    assert run("list").output == before


@pytest.mark.parametrize(
    ("content", "error", "says"),
    [
        ("", CatalogueInvalidError, "line 0: empty"),
        (CSV + "matter,collection,Otra,,\n", CatalogueInvalidError, "line 5: code_repeated"),
        (CSV + "subject,x,Otra,,\n", CatalogueInvalidError, "line 5: kind"),
        (CSV + "matter,x\n", ConfigurationError, "line 5: not as many columns"),
        (CSV.replace("matter,group", "materia,group"), ConfigurationError, "line 3: unknown: materia"),
        (JSON + "{", ConfigurationError, "line 4: not JSON"),
        (JSON + "[]", ConfigurationError, "line 4: not an object"),
        (JSON + '{"kind": 1}', ConfigurationError, "line 4: values are texts"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_changed(
    run: Run, tmp_path: Path, content: str, error: type[Exception], says: str
) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad"
    good.write_text(CSV, encoding="utf-8")
    bad.write_text(content, encoding="utf-8")
    run("load", str(good))
    before = run("list").output
    result = run("load", str(bad))
    assert isinstance(result.exception, error)
    assert says in str(result.exception)
    assert run("list").output == before


def test_a_file_that_is_not_there_or_no_text_is_refused(run: Run, tmp_path: Path) -> None:
    latin = tmp_path / "latin.csv"
    latin.write_bytes("kind,name\nmatter,Recaudación\n".encode("latin-1"))
    for file in (tmp_path / "nothing.csv", latin):
        assert isinstance(run("load", str(file)).exception, ConfigurationError)
