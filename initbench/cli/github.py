"""GitHub's workflow commands: a line on stdout becomes a remark on a line of a file in the pull request."""

from __future__ import annotations

import os
from pathlib import Path


def wanted() -> bool:
    """Whether this runs in a workflow of GitHub's, which sets GITHUB_ACTIONS to true."""
    return os.environ.get("GITHUB_ACTIONS") == "true"


def error(file: Path, place: tuple[int, int], title: str, message: str) -> str:
    """The command that marks a line of a file. place: line and column from 1; 0 where it is not known.

    Escaped as in "Workflow commands for GitHub Actions": %, CR and LF everywhere, colon and comma in properties too.
    """
    line, column = place
    properties = {"file": _in_workspace(file), "line": line, "col": column, "title": title}
    known = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items() if value)
    return f"::error {known}::{_data(message)}"


def _in_workspace(file: Path) -> str:
    """A path as GitHub reads it: from the checkout's folder, wherever in it the command was given."""
    workspace = os.environ.get("GITHUB_WORKSPACE")
    whole = Path(os.path.abspath(file))
    if workspace and whole.is_relative_to(workspace):
        return whole.relative_to(workspace).as_posix()
    return file.as_posix()


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
