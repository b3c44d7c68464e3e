"""Lesson 1: free blocks, and what fragmentation does to them."""
