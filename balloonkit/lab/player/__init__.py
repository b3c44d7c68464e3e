"""The step player: one trace as a widget, as a figure and as text."""
