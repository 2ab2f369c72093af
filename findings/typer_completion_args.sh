#!/usr/bin/env bash
# Expected: a completion function that takes `args: list[str]` gets the words typed so far, as its name says, and
#   `ctx.params` holds the arguments that stand before the word under the cursor.
# Found (Typer 0.29.2): `args` is always empty. `ctx.params` holds the arguments, but not while an option that comes behind
#   them waits for the value to be completed: then every argument is None.
# What it means: a completion of `--set` that depends on the model on the line must read COMP_WORDS itself.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check typer==0.29.2
cat > "$folder/program.py" <<'PYTHON'
import typer

app = typer.Typer()


def offered(ctx: typer.Context, args: list[str], incomplete: str) -> list[str]:
    return [f"{incomplete}-{len(args)}-{ctx.params.get('model')}"]


@app.command()
def derive(
    model: str,
    workflow: str = typer.Argument(autocompletion=offered),
    setting: str = typer.Option("", autocompletion=offered),
) -> None: ...


@app.command()
def other() -> None: ...


app(prog_name="program")
PYTHON
complete() {
    _PROGRAM_COMPLETE=complete_bash COMP_WORDS="$1" COMP_CWORD="$2" "$folder/venv/bin/python" "$folder/program.py"
}
"$folder/venv/bin/pip" list 2> /dev/null | grep '^typer '
behind_an_argument=$(complete "program derive coin acc" 3)
behind_an_option=$(complete "program derive coin accumulate --setting p" 5)
echo "completing an argument: $behind_an_argument (word, number of args, model on the line)"
echo "completing an option:   $behind_an_option"
[ "$behind_an_argument" = "acc-0-coin" ] && [ "$behind_an_option" = "p-0-None" ]
