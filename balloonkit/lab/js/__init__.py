"""The browser's half: scripts and style sheets, and what loads them."""
