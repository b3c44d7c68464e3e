"""Lesson 5: the model held against captures of real guests."""
