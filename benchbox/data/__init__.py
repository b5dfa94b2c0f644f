"""Where pictures come from, how they are split, and how they become batches.

It imports nothing by itself: `sources`, `listing`, `labels` and `download` need no torch, so that the command
line may ask what is there without loading it.
"""
