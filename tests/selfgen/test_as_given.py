"""What is taken as it is given is what typer makes of it."""

from pathlib import Path
from typing import Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from selfgen.commands.as_given import taken_as_given


class _Light(typer.core.TyperCommand):
    def get_params(self, ctx: Any) -> Any:
        return [taken_as_given(parameter) for parameter in super().get_params(ctx)]


def _doubled(value: str | None) -> str:
    return f"{value}{value}"


def _command(
    text: str,
    place: Path | None = None,
    existing: Annotated[Path | None, typer.Option(exists=True)] = None,
    file: Annotated[Path | None, typer.Option(dir_okay=False)] = None,
    resolved: Annotated[Path | None, typer.Option(resolve_path=True)] = None,
    doubled: Annotated[str | None, typer.Option(callback=_doubled)] = None,
    parsed: Annotated[str | None, typer.Option(parser=str.upper)] = None,
    whole: Annotated[int | None, typer.Option(min=1)] = None,
    number: float = 0.5,
    several: Annotated[list[str] | None, typer.Option()] = None,
    flag: Annotated[bool, typer.Option("--flag")] = False,
) -> None:
    print(repr((text, place, existing, file, resolved, doubled, parsed, whole, number, several, flag)))


@pytest.mark.parametrize(
    "given",
    [
        ["a"],
        [],
        ["a", "--place", "here.txt", "--existing", "here.txt", "--file", "here.txt", "--resolved", "here.txt"],
        ["a", "--place", "nowhere.txt", "--resolved", "nowhere.txt"],
        ["a", "--existing", "nowhere.txt"],
        ["a", "--place", "."],
        ["a", "--file", "."],
        ["a", "--place", ""],
        ["a", "--place", "no\0where"],
        ["a", "--doubled", "x", "--parsed", "x"],
        ["a", "--whole", "3", "--number", "2", "--several", "x", "--several", "y", "--flag"],
        ["a", "--whole", "0"],
        ["a", "--whole", "three"],
        ["a", "--unknown"],
    ],
    ids=" ".join,
)
def test_values_and_errors_are_those_of_typer(
    given: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here.txt").write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    results = []
    for kind in (typer.core.TyperCommand, _Light):
        app = typer.Typer(add_completion=False, rich_markup_mode=None)
        app.command(cls=kind)(_command)
        results.append(CliRunner().invoke(app, given))
    plain, light = results
    assert (light.exit_code, light.output) == (plain.exit_code, plain.output)
    assert plain.exit_code == (0 if plain.output.startswith("(") else 2)
