"""Takeback makes sent e-mail undoable."""

__version__ = "0.1.0"
