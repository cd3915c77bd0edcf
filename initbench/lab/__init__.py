"""Carries experiments out, keeps what came of them, and says what it means.

    config -> plan -> pending -> executors -> blocks in the store -> conclude -> tables, sentences, outcomes

plan, pending, runner, tally   what is to be computed, what is left of it, the run itself, and how far it is
executors                  where the work is done: here, in processes, on a Dask cluster
store, cellstore, blocks, trained_blocks, keepers   files that are whole or not there; finished blocks of seeds
conclude, summary, predicted, ratios, verdict, departure, trained  from measurements to what is said of a cell
words, theory_words, trained_words, overview                in sentences and rows
tabling, sinks, lines, csvtext, columns, parquet            the tables as they are written
tables, parsing, partial, stored, account, retold           and read back
expectations, extremes, steps, check                        what a config claims of them
unchanged, status, manifest, result                         what is there, what made it, what a run gives
comparing                  two results side by side, or many in order
baselines                  results against results that were kept
papers, papers_page        published results, and their gallery
briefing, markdown         for a pull request
"""
