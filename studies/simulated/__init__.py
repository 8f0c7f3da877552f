"""Sweeps whose truth is known, posteriors of many of them, and simulations that are written down as they finish."""
