"""Lesson 2: pages become chunks, step by step."""
