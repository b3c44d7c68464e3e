"""Lesson 3: what the host does with a message."""
