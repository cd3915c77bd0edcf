"""The house rules that a machine can hold: who may import whom, what is loaded when, how long a module may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "initbench"
MODULES = sorted(PACKAGE.rglob("*.py"))

# From the top down; a room may import those that stand below its line, and itself.
FLOORS = (
    {"cli"},
    {"__init__"},
    {"api"},
    {"figures"},
    {"lab"},
    {"config", "engine", "theory"},
    {"spec", "plugins"},
    {"catalogue"},
    {"streams", "errors", "blas", "values"},
)
HOME_OF = {
    "matplotlib": {"figures"},
    "yaml": {"config"},
    "typer": {"cli"},
    "rich": {"cli"},
    "pandas": {"lab", "figures"},
    "dask": {"lab"},
    "distributed": {"lab"},
    "pyarrow": {"lab"},
}
TABLES = "initbench.lab.tables"


def room(module: str) -> str:
    """`initbench.lab.tables` -> `lab`; the package itself is `__init__`."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it, as an absolute name."""
    package = name_of(path).split(".") if path.stem == "__init__" else name_of(path).split(".")[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            stem = ".".join([*base, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{stem}.{alias.name}"
                yield (
                    whole
                    if (PACKAGE.parent / Path(*whole.split("."))).with_suffix(".py").exists()
                    or (PACKAGE.parent / Path(*whole.split("."))).is_dir()
                    else stem
                )


def floor_of(name: str) -> int:
    return next(level for level, rooms in enumerate(FLOORS) if name in rooms)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_down_only(path: Path) -> None:
    here = room(name_of(path))
    for target in imports(path):
        if target.split(".")[0] != "initbench":
            continue
        there = room(target)
        if there == here or (there == "__init__" and here in {"cli", "lab"}):  # __version__
            continue
        assert floor_of(here) < floor_of(there), f"{name_of(path)} imports {target}"


def test_strangers_stay_strangers() -> None:
    """config, engine and theory never import one another."""
    strangers = {"config", "engine", "theory"}
    for path in MODULES:
        here = room(name_of(path))
        others = {room(target) for target in imports(path) if target.startswith("initbench.")}
        assert here not in strangers or not (others & strangers) - {here}, name_of(path)


def test_figures_take_the_stored_tables_alone() -> None:
    for path in (PACKAGE / "figures").rglob("*.py"):
        assert {target for target in imports(path) if room(target) == "lab" and "initbench" in target} <= {TABLES}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_libraries_stay_in_their_rooms(path: Path) -> None:
    here = room(name_of(path))
    for target in imports(path):
        library = target.split(".")[0]
        if library in HOME_OF:
            assert here in HOME_OF[library], f"{name_of(path)} imports {library}"


def test_every_room_stands_on_a_floor() -> None:
    rooms = {path.stem if path.parent == PACKAGE else room(name_of(path)) for path in MODULES}
    assert rooms == set().union(*FLOORS)


def test_only_the_cli_prints_or_exits() -> None:
    for path in MODULES:
        if room(name_of(path)) == "cli":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                called = ast.unparse(node.func)
                assert called not in {"print", "sys.exit", "exit", "quit"}, f"{name_of(path)}:{node.lineno}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_stay_readable(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


def test_no_two_test_modules_share_a_name() -> None:
    """Tests are modules without packages: of two with one name, only the first could be imported."""
    names = [path.name for path in Path(__file__).parent.rglob("*.py") if path.name != "conftest.py"]
    assert len(names) == len(set(names)), sorted(name for name in set(names) if names.count(name) > 1)


def test_help_loads_no_numerics() -> None:
    code = (
        "import sys\nfrom initbench.cli.main import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'numpy', 'scipy', 'pandas', 'matplotlib', 'pydantic', 'yaml'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"
    assert "run" in done.stdout


def test_import_is_light_and_names_are_there() -> None:
    code = (
        "import sys, initbench\nprint('numpy' in sys.modules)\n[getattr(initbench, name) for name in initbench.__all__]"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_run_without_plots_loads_no_pandas(tmp_path: Path) -> None:
    config = tmp_path / "small.yaml"
    config.write_text("network: {depth: 2, width: 8, activation: relu, initializer: he_normal}\nseeds: 2\n")
    code = (
        "import sys\nfrom initbench.cli.main import app\n"
        f"app(['run', {str(config)!r}, '-o', {str(tmp_path / 'out')!r}, '--no-plots', '-q'], standalone_mode=False)\n"
        "print(sorted({'scipy', 'pandas', 'matplotlib', 'numpy.ma'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_frozen_values_are_made_the_cheap_way() -> None:
    """A plain frozen dataclass takes four times as long to make, and a command makes two hundred."""
    for path in MODULES:
        assert "\n@dataclass(frozen=True)\n" not in path.read_text(), f"{name_of(path)}: from values import frozen"
