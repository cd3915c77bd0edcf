"""Files of data: what holds is read exactly, and whatever does not ends in one line that says so."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from initbench.catalogue import datafiles
from initbench.errors import ParameterError


def csv(path: Path, text: str | bytes, header: bool = False, delimiter: str = ",") -> np.ndarray:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return datafiles.read_csv(path=str(path), header=header, delimiter=delimiter)


def refusal(call: Any) -> str:
    """The message of a ParameterError on `path`: one line."""
    with pytest.raises(ParameterError) as caught:
        call()
    message = str(caught.value)
    assert caught.value.parameter == "path"
    assert "\n" not in message
    assert len(message) > 10
    return message


@pytest.mark.parametrize(
    ("text", "header", "delimiter"),
    [
        ("1,2\n3,4\n", False, ","),
        ("1,2\n3,4", False, ","),
        ("1,2\r\n3,4\r\n", False, ","),
        (" 1 , 2 \n\n3e0,+4.0\n\n", False, ","),
        ("\ufeff1,2\n3,4\n", False, ","),
        ("a,b\n1,2\n3,4\n", True, ","),
        ("\ufeffa,b\n1,2\n3,4\n", True, ","),
        ("1;2\n3;4\n", False, ";"),
        ("1\t2\n3\t4\n", False, "\t"),
        ("1 2\n3 4\n", False, " "),
    ],
)
def test_tables_that_hold(tmp_path: Path, text: str, header: bool, delimiter: str) -> None:
    found = csv(tmp_path / "x.csv", text, header, delimiter)
    np.testing.assert_array_equal(found, [[1, 2], [3, 4]])
    assert found.dtype == np.float64
    assert not found.flags.writeable


def test_numbers_come_back_exactly(tmp_path: Path) -> None:
    table = np.random.default_rng(0).standard_normal((30, 7)) * 10.0 ** np.arange(-9, 12, 3)
    text = "\n".join(",".join(map(repr, row.tolist())) for row in table)
    np.testing.assert_array_equal(csv(tmp_path / "x.csv", text), table)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a,b\n1,2\n", "x.csv:1: .*header: true"),
        ("1,2\n3\n", "x.csv:2: 1 columns where the first row has 2"),
        ("1,2\n3,4,5\n", "x.csv:2: 3 columns where the first row has 2"),
        ("1,2\n\n3,x\n", "x.csv:3: .*'x'"),
        ("1,2\n3,\n", "x.csv:2: "),
        ("1,2\n3,nan\n", "x.csv:2: every number must be finite"),
        ("inf,2\n", "x.csv:1: every number must be finite"),
        ("1,1e999\n", "x.csv:1: every number must be finite"),
        ("", "holds no rows"),
        ("\n\n \n", "holds no rows"),
        (b"\xff\xfe1,2", "UTF-8"),
        ("<html><body>404, not found</body></html>", "x.csv:1: "),
        ("1,2\n1,\x002\n", "x.csv:2: "),
    ],
)
def test_tables_that_do_not_hold(tmp_path: Path, text: str | bytes, said: str) -> None:
    import re

    message = refusal(lambda: csv(tmp_path / "x.csv", text))
    assert re.search(said, message), message


def test_a_header_alone(tmp_path: Path) -> None:
    assert "holds no rows" in refusal(lambda: csv(tmp_path / "x.csv", "a,b\n", header=True))


@pytest.mark.parametrize("delimiter", ["", ",,", "ab"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    with pytest.raises(ParameterError, match="one character") as caught:
        csv(tmp_path / "x.csv", "1,2\n", delimiter=delimiter)
    assert caught.value.parameter == "delimiter"


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<f2", "<i4", "|i1", "<u8", "|b1"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_that_hold(tmp_path: Path, dtype: str, order: Any) -> None:
    table = np.array([[0, 1, 1], [1, 0, 1]]).astype(dtype, order=order)
    np.save(tmp_path / "x.npy", table)
    found = datafiles.read_npy(path=str(tmp_path / "x.npy"))
    np.testing.assert_array_equal(found, table.astype(np.float64))
    assert found.dtype == np.float64
    assert not found.flags.writeable


def structured() -> np.ndarray:
    return np.zeros((2, 2), [("a", float), ("b", int)])


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.array([[1, "a"]], object), "numpy.save"),
        (np.array([["a", "b"]]), "not real numbers"),
        (np.array([[1 + 2j]]), "complex128, not real numbers"),
        (np.array([["2020-01-01"]], "datetime64[D]"), "not real numbers"),
        (structured(), "not real numbers"),
        (np.arange(5.0), r"shape \(5,\): \(rows, features\) is needed"),
        (np.float64(3.0), r"shape \(\)"),
        (np.zeros((2, 3, 4)), r"shape \(2, 3, 4\)"),
        (np.zeros((0, 4)), r"shape \(0, 4\)"),
        (np.zeros((4, 0)), r"shape \(4, 0\)"),
        (np.array([[1.0, 2.0], [np.nan, 3.0]]), "row 1 holds a number that is not finite"),
        (np.array([[np.inf]]), "not finite"),
        (np.array([[np.longdouble("1e400")]]), "not finite"),
    ],
)
def test_arrays_that_do_not_hold(tmp_path: Path, array: np.ndarray, said: str) -> None:
    import re

    path = tmp_path / "x.npy"
    np.save(path, array, allow_pickle=True)
    message = refusal(lambda: datafiles.read_npy(path=str(path)))
    assert re.search(said, message), message


@pytest.mark.parametrize(
    "content", [b"", b"1,2,3\n", b"PK\x03\x04 no zip", b"\x93NUMPY", b"\x93NUMPY\x01\x00\xff\xff{", b"\x80\x04K\x01."]
)
def test_files_that_are_no_arrays(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.npy"
    path.write_bytes(content)
    message = refusal(lambda: datafiles.read_npy(path=str(path)))
    assert "numpy.save" in message
    assert "pickle" not in message  # no advice that nobody here could follow


def test_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, a=np.zeros((2, 2)))
    assert "archive" in refusal(lambda: datafiles.read_npy(path=str(path)))


def test_a_pickle_is_never_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return os.mkdir, (str(tmp_path / "sprung"),)

    np.save(tmp_path / "x.npy", np.array([[Trap()]], object), allow_pickle=True)
    refusal(lambda: datafiles.read_npy(path=str(tmp_path / "x.npy")))
    assert not (tmp_path / "sprung").exists()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damaged_arrays_are_refused_or_read(tmp_path: Path, data: st.DataObject) -> None:
    """Any byte of a .npy file may be wrong, or missing: a table comes back or a ParameterError, and nothing else."""
    path = tmp_path / "x.npy"
    np.save(path, np.arange(12.0).reshape(4, 3))
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut] if data.draw(st.booleans()) else content)
    datafiles._cached_npy.cache_clear()
    with contextlib.suppress(ParameterError):
        table = datafiles.read_npy(path=str(path))
        assert table.ndim == 2
        assert np.isfinite(table).all()


READERS = {
    "csv": lambda path: datafiles.read_csv(path=path, header=False, delimiter=","),
    "npy": lambda path: datafiles.read_npy(path=path),
}


@pytest.mark.parametrize("reader", READERS)
def test_what_is_no_file(tmp_path: Path, reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = READERS[reader]
    assert "No such file" in refusal(lambda: read(str(tmp_path / "missing")))
    assert "not a regular file" in refusal(lambda: read(str(tmp_path)))
    os.mkfifo(tmp_path / "pipe")  # opening one would wait for ever
    assert "not a regular file" in refusal(lambda: read(str(tmp_path / "pipe")))
    assert "not a regular file" in refusal(lambda: read("/dev/zero"))
    refusal(lambda: read("a\0b"))
    refusal(lambda: read(""))
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    refusal(lambda: read(str(loop)))
    monkeypatch.setattr(datafiles, "LARGEST", 5)
    (tmp_path / "large").write_bytes(b"1,2\n3,4\n")
    assert "largest allowed" in refusal(lambda: read(str(tmp_path / "large")))


def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("1,2\n")
    path.chmod(0)
    try:
        if os.access(path, os.R_OK):
            pytest.skip("this user may read everything")
        assert "cannot be read" in refusal(lambda: READERS["csv"](str(path)))
        assert "cannot be read" in refusal(lambda: READERS["npy"](str(path)))
    finally:
        path.chmod(0o600)


def test_a_newer_file_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    assert csv(path, "1,2\n")[0, 1] == 2
    assert csv(path, "1,33\n")[0, 1] == 33
    status = path.stat()
    path.write_text("1,44\n")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 10**9))
    assert datafiles.read_csv(path=str(path), header=False, delimiter=",")[0, 1] == 44
