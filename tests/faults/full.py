"""The full figures of reliability, as a table in Markdown:

    python tests/faults/full.py [TIMES]

Every crash point instead of each fifth, every race and death TIMES times (default 20), ten thousand cells. Takes an
hour or two; TIMES=1 a few minutes. Exit 1 where anything failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ELSEWHERE = ("lab/test_cluster.py", "plugins/test_plugin_faults.py", "config/test_config_fuzz.py")
"""What is tested of faults beside their own room."""
WHAT = {
    "test_killed_at_every_point": "kill -9 at every call that opens, writes, renames or syncs",
    "test_refused_at_every_point": "disk full, input/output error, read-only at each of these calls",
    "test_drawing_disturbed_at_every_point": "the same while pictures are drawn",
    "test_kill_9": "kill -9 of the leader, and of the whole group, at random moments",
    "test_kill_9_at_any_moment": "the same from the start to the last picture",
    "test_a_killed_worker_costs_no_cell": "kill -9 of a worker",
    "test_a_signal_stops_it_cleanly": "SIGINT, SIGTERM, SIGHUP, to the leader and to the group",
    "test_a_signal_at_any_moment": "the same from the first folder to the last picture",
    "test_a_signal_that_is_ignored_stays_ignored": "under nohup",
    "test_a_file_size_limit": "file-size limits",
    "test_a_disk_that_is_full_before_the_end": "sizes of a disk that is too small",
    "test_a_disk_without_names": "numbers of names that a disk has left",
    "test_older_results_stay_readable": "a full disk under older results",
    "test_a_folder_that_is_read_only": "a folder that may not be written",
    "test_running_again_mends_it_or_says_what_is_in_the_way": "every stored file damaged in six ways: running again",
    "test_reading_names_it_or_does_not_need_it": "the same: reading",
    "test_a_second_writer_is_refused_at_once_by_name": "a second sweep at one folder",
    "test_four_sweeps_at_one_folder": "four sweeps at one folder",
    "test_whoever_reads_during_a_sweep_reads_whole_tables": "readers during a sweep",
    "test_a_cell_that_ends_its_workers_is_named_and_the_others_are_done": "three of 64 cells that kill their workers",
    "test_dask_workers_that_die_cost_no_cell": "Dask, its cluster made here: workers die or hang",
    "test_a_signal_stops_dask_cleanly": "the same: SIGINT, SIGTERM, SIGHUP, to the leader and to the group",
    "test_kill_9_of_who_made_the_cluster": "the same: kill -9 of the leader",
    "test_one_worker_that_dies_or_hangs_changes_nothing": "Dask, a cluster that was there: a worker dies or hangs",
    "test_a_task_that_kills_workers_fails_alone": "Dask: a cell that kills its workers",
    "test_a_scheduler_that_dies_is_told_and_nothing_finished_is_lost": "Dask: the scheduler dies",
    "test_the_machine_changes_no_byte": "determinism: processes, clock, language, hash seed, BLAS threads, backend",
    "test_dask_changes_no_byte": "determinism: Dask",
    "test_another_processor_agrees_within_rounding": "determinism: another processor, within rounding",
    "test_commands_stay_in_their_folder": "files written outside, connections, programs started",
    "test_workers_stay_in_it_too": "the same with worker processes",
    "test_a_thousand_cells": "load",
}
OTHERS = {
    "test_plugin_faults": "plug-ins that raise, exit or lie",
    "test_config_fuzz": "configs of chance",
}
"""What the tests of a module are where they have no name of their own."""
REPEATED = {
    *("test_kill_9", "test_a_killed_worker_costs_no_cell", "test_a_signal_stops_it_cleanly"),
    *("test_kill_9_at_any_moment", "test_a_signal_at_any_moment", "test_a_second_writer_is_refused_at_once_by_name"),
    *("test_dask_workers_that_die_cost_no_cell", "test_a_signal_stops_dask_cleanly"),
    *("test_kill_9_of_who_made_the_cluster", "test_one_worker_that_dies_or_hangs_changes_nothing"),
    *("test_four_sweeps_at_one_folder", "test_whoever_reads_during_a_sweep_reads_whole_tables"),
}


def main(times: int) -> int:
    """Run everything, print the table; the exit code."""
    environment = {
        "INITBENCH_FAULT_STEP": "1",
        "INITBENCH_FAULT_TIMES": str(times),
        "INITBENCH_FAULT_CELLS": "10000" if times > 1 else "1000",
        "INITBENCH_FAULT_FUZZ": "6250" if times > 1 else "150",
    }
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        tests = [str(ROOT / "tests" / name) for name in ELSEWHERE]
        words = [sys.executable, "-m", "pytest", str(HERE), *tests, "-p", "no:cacheprovider", f"--junitxml={report}"]
        code = subprocess.run(words, cwd=ROOT, env=os.environ | environment, stdout=sys.stderr).returncode
        rows = table(report, times)
    print("| fault | cases | times each | failed | skipped |\n| --- | --- | --- | --- | --- |")
    for row in rows:
        print(f"| {' | '.join(map(str, row))} |")
    print(f"\n{(time.monotonic() - began) / 60:.0f} minutes")
    return code


def table(report: Path, times: int) -> list[tuple[str, int, int, int, int]]:
    """(what, cases, times each, failed, skipped), in the order of WHAT, then the rest together."""
    counts: dict[str, list[int]] = {}
    for case in ElementTree.parse(report).iter("testcase"):
        name = case.get("name", "").partition("[")[0]
        module = case.get("classname", "").rpartition(".")[2]
        what = WHAT.get(name, OTHERS.get(module, "what else is tested with them"))
        each = times if name in REPEATED else 1
        count = counts.setdefault(what, [0, each, 0, 0])
        count[0] += 1
        count[2] += case.find("failure") is not None or case.find("error") is not None
        count[3] += case.find("skipped") is not None
    order = {what: place for place, what in enumerate(WHAT.values())}
    return [(what, *counts[what]) for what in sorted(counts, key=lambda what: order.get(what, 99))]  # type: ignore[misc]


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
