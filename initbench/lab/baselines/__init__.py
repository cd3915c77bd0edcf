"""Results held against results that were kept: what has drifted, and whether it may have by chance.

baseline      which cells are compared, and how         side           cells, and the tables that they stand in
exact, rows   number by number, within tolerances       sampled        what is compared as two samples of one law
drift         what is said of it                        chance, light, learned   how: networks, ratios, training
accept        making results the baseline
"""
