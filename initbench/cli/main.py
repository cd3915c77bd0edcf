"""The entry point: commands put together, and every error turned into a line and an exit code."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Annotated

import typer

from .. import __version__, blas
from ..errors import ConfigError, InitbenchError, Interrupted, ParameterError
from . import catalogue, check, compare, configs, papers, planned, plot, recommend, report, run, theory

INTERNAL_ERROR, STORAGE_ERROR = 70, 74
SHOWN_PROBLEMS = 20

app = typer.Typer(
    name="initbench",
    help="What a weight initializer does to a deep network, measured on many random networks.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
_debug = False
_came: list[int] = []
"""The signals that asked this run to stop."""


def _version(value: bool) -> None:
    if value:
        typer.echo(f"initbench {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show a traceback for an internal error.")] = False,
) -> None:
    global _debug
    _debug = debug


for _module in (run, planned, plot, check, compare, report, papers, theory, recommend, catalogue, configs):
    _module.register(app)


def main() -> None:
    """Run the command line and exit with the contract's code."""
    blas.one_thread_unless_told()
    # Nothing that is installed beside has a say in how a config is read: what searches for it takes its time.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    _open_what_is_closed()
    try:
        _listen()
        code = _guarded(lambda: app(standalone_mode=True))
        _listen_no_more()  # all is done: what comes now cannot make it fail
    except Interrupted as stop:  # it came while one of these began or ended
        code = _stopped(stop.number)
    gc.freeze()  # a last look for cycles, among all that goes away now in any case, takes longer than many a command
    sys.exit(code)


def _open_what_is_closed() -> None:
    """Let what is said go nowhere where it was started without a stdout or stderr, as some services start theirs."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - for as long as this process lasts


def _guarded(command: Callable[[], object]) -> int:
    """Run a command; every way it can end as an exit code, with at most a few lines on stderr."""
    try:
        command()
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else (0 if leave.code is None else 1)
    except ConfigError as error:
        _say_problems(error)
        return error.exit_code
    except ParameterError as error:
        named = str(error).startswith(error.parameter)
        _say(f"error: {error}" if named else f"error: {error.parameter}: {error}")
        return error.exit_code
    except InitbenchError as error:
        _say(f"error: {error}")
        return error.exit_code
    except Interrupted as stop:
        return _stopped(stop.number)
    except KeyboardInterrupt:
        return _stopped(signal.SIGINT)
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): nothing is wrong, and nothing more can be said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        _say(f"error: {error.filename or 'output'}: {error.strerror or error}")
        return STORAGE_ERROR
    except Exception as error:
        if _came:  # compiled code that was interrupted says something else: Matplotlib, that a box is invalid
            return _stopped(_came[0])
        if _debug:
            traceback.print_exc()
        _say(f"internal error: {type(error).__name__}: {error} (please report it; `initbench --debug ...` shows where)")
        return INTERNAL_ERROR
    return 0


def _say(line: str) -> None:
    with suppress(OSError, ValueError):
        print(line, file=sys.stderr, flush=True)


def _say_problems(error: ConfigError) -> None:
    for problem in error.problems[:SHOWN_PROBLEMS]:
        _say(str(problem))
    more = len(error.problems) - SHOWN_PROBLEMS
    if more > 0:
        _say(f"and {more} more")


def _stopped(number: int) -> int:
    _say("interrupted: files already written are whole; run the same command again")
    return 128 + number


def _listen() -> None:
    """Make SIGTERM and SIGHUP end a run as cleanly as Ctrl-C. One inherited as ignored (nohup) stays ignored."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    if hasattr(signal, "pthread_kill"):
        sys.unraisablehook = _come_again


def _interrupt(number: int, _frame: FrameType | None) -> None:
    _listen_no_more()  # a second signal while we clean up must not cut that short
    _came.append(number)
    raise Interrupted(number)


def _come_again(ignored: sys.UnraisableHookArgs) -> None:
    """Let a signal that fell into a callback of the garbage collector come again: Python ignores what is raised there,
    and the run would go on."""
    if not isinstance(ignored.exc_value, Interrupted):
        sys.__unraisablehook__(ignored)
        return
    number = ignored.exc_value.number
    signal.signal(number, _interrupt)
    # Not from here: what is raised in this hook is ignored, too.
    threading.Timer(0.01, signal.pthread_kill, (threading.main_thread().ident, number)).start()


def _listen_no_more() -> None:
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
