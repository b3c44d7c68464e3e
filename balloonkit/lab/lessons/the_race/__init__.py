"""Lesson 4: the paths against each other."""
