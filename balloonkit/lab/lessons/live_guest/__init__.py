"""Lesson 6: a Linux guest under QEMU."""
