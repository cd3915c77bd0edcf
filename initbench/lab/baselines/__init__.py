"""Results held against results that were kept: what has drifted, and whether it may have by chance.

baseline      which cells are compared, and how
exact         number by number, within tolerances     chance, light   as two samples of one law
drift         what is said of it                      accept          making results the baseline
"""
