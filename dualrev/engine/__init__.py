"""The interpreters: how derivatives propagate through primitives."""
