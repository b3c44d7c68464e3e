"""The lessons, one folder each: `model` computes, `pictures` draws, `lab` is what one calls."""
