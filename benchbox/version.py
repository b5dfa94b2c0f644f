"""The version, in a module of its own so that every room may know it without importing the public names."""

__version__ = "0.1.0"
