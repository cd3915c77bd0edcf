"""Results side by side: two of them with paired differences, or many in order.

measured, lots    what was measured of every network, or of all together where the rows were not kept
settings          in what two results differ          matching     which cells belong together
quantities        what is compared, and where         ends         what training came to
intervals         how sure a difference is            kept         what is done without
compare           two results                         criteria, ranking   which setting comes first
compare_words     what is said of both
"""
