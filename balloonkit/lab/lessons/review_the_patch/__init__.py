"""Lesson 7: the faults in the posted code."""
