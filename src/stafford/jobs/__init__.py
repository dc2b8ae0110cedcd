"""Composition roots: settings and stages, wired into one runnable unit each."""
