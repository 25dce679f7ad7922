"""Outages: planned and emergency ones, announced by address."""
