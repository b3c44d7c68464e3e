"""Pages and paper from notebooks: the site, the browser copy, the hand-out, the reference."""
