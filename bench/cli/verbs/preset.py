"""`bptt-bench preset`: a preset to start from."""

from typing import Annotated

import typer

from bench.cli.console import echo
from bench.cli.verb import verb


@verb("Look around", 30)
def preset(name: Annotated[str, typer.Argument(help="A name from 'list presets'.")]) -> None:
    """Print a preset as YAML, to edit and pass to --preset."""
    from bench.protocol.preset import preset_text

    echo(preset_text(name).encode(), nl=False)  # YAML is UTF-8, whatever the terminal's encoding
