"""Sparse derivatives: patterns, colourings, and matrices from few directions."""
