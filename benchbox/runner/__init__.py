"""Runs a plan: each run in a process of its own, the journal, the report folder. It never imports the engine.

A child process is given the name of the function that it shall call and imports it there, so that the
parent needs no torch and a crash costs one row.
"""
