"""``python -m selfgen`` is ``selfgen``."""

from selfgen.cli import app

if __name__ == "__main__":
    app(prog_name="selfgen")
