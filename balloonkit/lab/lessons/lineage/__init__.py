"""Lesson 8: the postings before and after."""
