"""`bptt-bench ui`: MLflow's interface on the results."""

import subprocess
import sys
from contextlib import suppress
from typing import Annotated

import typer

from bench.cli.console import check_free, say, show_table
from bench.cli.options import StoreOption
from bench.cli.verb import verb
from bench.errors import BenchError

SECONDS_TO_END = 10
"""Time that the server has to end by itself."""


@verb("See the results", 240)
def ui(
    store: StoreOption = None,
    port: Annotated[int, typer.Option(metavar="PORT", min=1, max=65535, help="Port on 127.0.0.1 to listen on.")] = 5000,
) -> None:
    """Serve MLflow's interface on 127.0.0.1 until Ctrl-C."""
    from bench.tracking import Store, ui_addresses, ui_command, ui_environment

    opened = Store.open(store, create=False)
    if opened.location.is_copy:
        say(f"Store {opened.shown} is read-only: showing a copy; changes to it will be lost.")
    else:
        opened.mend()
    command = ui_command(opened, port=port)
    if command:
        check_free(port)
    addresses = ui_addresses(opened, port=port)
    show_table([{"curves": where, "address": address} for where, address in addresses.items()])
    if command:  # else the store is a server that runs already
        sys.stdout.flush()
        _serve(command, ui_environment(opened))


def _serve(command: list[str], environment: dict[str, str]) -> None:
    """Run a server until Ctrl-C. However this program ends, the server's input ends with it, and so does the server."""
    server = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, start_new_session=True)
    status = 0
    try:
        status = server.wait()
    except KeyboardInterrupt:
        pass
    finally:
        with suppress(subprocess.TimeoutExpired):
            server.communicate(timeout=SECONDS_TO_END)  # ends its input
        server.kill()
        server.wait()
    if status:
        raise BenchError(f"The MLflow server ended with exit code {status}: see its messages above.")
