"""Printed evidence: plain values in, bytes out. No query, no clock, no settings.

Drawing, attaching and signing only.
"""
