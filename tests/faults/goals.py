"""What is tried, how often, and what it is called in the table of the full figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    """How often a test tries, in processes of `batch` tries each; variable: what tells it so. One that is not split
    takes its number as a size."""

    tries: int
    batch: int = 20
    variable: str = "INITBENCH_FAULT_TIMES"
    split: bool = True


ONCE = Goal(1, variable="")
FUZZ = Goal(6250, 3125, "INITBENCH_FAULT_FUZZ")
GOALS = {
    "test_kill_9_at_any_moment[leader-1]": Goal(500),
    "test_kill_9_at_any_moment[leader-2]": Goal(500),
    "test_kill_9_at_any_moment[group-2]": Goal(200),
    "test_kill_9_while_it_loads": Goal(50),
    "test_kill_9": Goal(10, 5),
    "test_a_worker_killed_at_any_moment_costs_no_cell": Goal(180),
    "test_a_killed_worker_costs_no_cell": Goal(20, 5),
    "test_a_signal_at_any_moment": Goal(60),
    "test_a_signal_stops_it_cleanly": Goal(7, 7),
    "test_a_signal_that_is_ignored_stays_ignored": Goal(8, 8),
    "test_a_second_writer_is_refused_at_once_by_name": Goal(12, 6),
    "test_sweeps_at_one_folder[2]": Goal(60),
    "test_sweeps_at_one_folder[4]": Goal(20, 10),
    "test_plot_during_a_sweep": Goal(100),
    "test_whoever_reads_during_a_sweep_reads_whole_tables": Goal(20, 5),
    "test_dask_workers_that_die_cost_no_cell": Goal(5, 5),
    "test_a_signal_stops_dask_cleanly": Goal(2, 2),
    "test_kill_9_of_who_made_the_cluster": Goal(5, 5),
    "test_one_worker_that_dies_or_hangs_changes_nothing": Goal(5, 5),
    "test_a_scheduler_that_dies_is_told_and_nothing_finished_is_lost": Goal(5, 5),
    "test_a_task_that_kills_workers_fails_alone": Goal(5, 5),
    "test_a_thousand_cells": Goal(10_000, variable="INITBENCH_FAULT_CELLS", split=False),
    "test_pictures_of_many_rows": Goal(1_000_000, variable="INITBENCH_FAULT_ROWS", split=False),
    "test_random_bytes": FUZZ,
    "test_random_text": FUZZ,
    "test_random_pieces": FUZZ,
    "test_mutations": FUZZ,
    "test_cuts": FUZZ,
    "test_overrides": FUZZ,
    "test_random_mappings": FUZZ,
    "test_random_fields": FUZZ,
}
"""By a test's name, with its case where that has a number of its own; every case of every other test is run once."""

HOURS = "tests/faults/full.py::hours"
WHAT = {
    "test_bytes_then_name_then_folder": "the order of fsync over a whole run: bytes, name, folder",
    "test_no_table_tells_of_a_block_that_is_not_safe": "the order of fsync: blocks before tables",
    "test_killed_at_every_point": "kill -9 at every call that opens, writes, renames or syncs",
    "test_a_larger_run_killed_at_every_point": "kill -9 at each of these calls over older results: read whole, or told",
    "test_refused_at_every_point": "disk full, input/output error, read-only at each of these calls",
    "test_drawing_disturbed_at_every_point": "kill -9, disk full at each of these calls while pictures are drawn",
    "test_kill_9": "kill -9 of the leader, and of the whole group, while networks are measured",
    "test_kill_9_at_any_moment": "kill -9 of either at any moment from the first folder to the last picture",
    "test_kill_9_while_it_loads": "kill -9 while it loads",
    "test_a_worker_killed_at_any_moment_costs_no_cell": "kill -9 of a worker, at any moment",
    "test_a_killed_worker_costs_no_cell": "kill -9 of a worker, while networks are measured",
    "test_a_signal_stops_it_cleanly": "SIGINT, SIGTERM, SIGHUP, to the leader and to the group",
    "test_a_signal_at_any_moment": "these signals at any moment from the first folder to the last picture",
    "test_a_signal_that_is_ignored_stays_ignored": "under nohup",
    "test_a_file_size_limit": "file-size limits",
    "test_a_disk_that_is_full_before_the_end": "sizes of a disk that is too small",
    "test_a_disk_without_names": "numbers of names that a disk has left",
    "test_older_results_stay_readable": "a full disk under older results",
    "test_a_folder_that_is_read_only": "a folder that may not be written",
    "test_running_again_mends_it_or_says_what_is_in_the_way": "every stored file damaged in six ways: running again",
    "test_reading_names_it_or_does_not_need_it": "every stored file damaged in six ways: reading",
    "test_a_second_writer_is_refused_at_once_by_name": "a second sweep at one folder",
    "test_sweeps_at_one_folder": "two, and four, sweeps that start together at one folder",
    "test_plot_during_a_sweep": "plot during a sweep",
    "test_whoever_reads_during_a_sweep_reads_whole_tables": "readers during a sweep",
    "test_a_cell_that_ends_its_workers_is_named_and_the_others_are_done": "three of 64 cells that kill their workers",
    "test_dask_workers_that_die_cost_no_cell": "Dask, its cluster made here: workers die or hang",
    "test_a_signal_stops_dask_cleanly": "Dask, its cluster made here: SIGINT, SIGTERM, SIGHUP, to leader and group",
    "test_kill_9_of_who_made_the_cluster": "Dask, its cluster made here: kill -9 of the leader",
    "test_one_worker_that_dies_or_hangs_changes_nothing": "Dask, a cluster that was there: a worker dies or hangs",
    "test_a_task_that_kills_workers_fails_alone": "Dask, a cluster that was there: a cell that kills its workers",
    "test_a_scheduler_that_dies_is_told_and_nothing_finished_is_lost": "Dask, a cluster that was there: it dies itself",
    "test_the_machine_changes_no_byte": "determinism: processes, clock, language, hash seed, BLAS threads, backend",
    "test_dask_changes_no_byte": "determinism: Dask",
    "test_another_processor_agrees_within_rounding": "determinism: another processor, within rounding",
    "test_commands_stay_in_their_folder": "files written outside, connections, programs started",
    "test_workers_stay_in_it_too": "files written outside by worker processes, connections, programs started",
    "test_a_thousand_cells": "cells of one sweep, run and run again",
    "test_pictures_of_many_rows": "rows of a table that pictures are drawn from",
    "hours": "a sweep that goes on for hours",
}
OTHERS = {
    "test_plugin_faults": "plug-ins that raise, exit or lie",
    "test_config_fuzz": "configs of chance",
}
"""What the tests of a module are where they have no name of their own."""
