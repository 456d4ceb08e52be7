"""Recall: outcomes, planning, matching, report. Pure."""
